import { answerCommands } from "./load-process.ts";

/** Baseline, as a process: hands every message of a socket on `/agent` to all sockets on `/user`, and nothing else. */
export interface RawRelay {
  /** Returns its address, `ws://…`. */
  serve(): Promise<string>;
}

const USERS = "users";

answerCommands({
  serve(): ReturnType<RawRelay["serve"]> {
    const server = Bun.serve<{ isUser: boolean }>({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request, self) {
        const isUser = new URL(request.url).pathname === "/user";
        return self.upgrade(request, { data: { isUser } }) ? undefined : new Response(null, { status: 426 });
      },
      websocket: {
        open(socket) {
          if (socket.data.isUser) socket.subscribe(USERS);
        },
        message: (socket, message) => void socket.publish(USERS, message),
      },
    });
    return Promise.resolve(`ws://127.0.0.1:${server.port}`);
  },
});
