/** The least that an executable of Bun can be and still answer; started with its port. */
Bun.serve({ hostname: "127.0.0.1", port: Number(process.argv[2]), fetch: () => new Response("ok") });
