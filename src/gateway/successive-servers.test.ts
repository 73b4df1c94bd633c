import { afterEach, describe, expect, test } from "bun:test";
import { until } from "../../test/until.ts";
import { listen } from "../listen.ts";
import { successiveServers } from "./successive-servers.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const open = (port: number, name: string, reusePort: boolean) =>
  listen({
    hostname: "127.0.0.1",
    port,
    reusePort,
    fetch: (request, server) => (server.upgrade(request) ? undefined : new Response(name)),
    websocket: {
      open: (socket) => {
        socket.subscribe("all");
      },
      message: (socket) => {
        socket.send(name);
      },
    },
  });

function start(sharesPort: boolean) {
  const first = open(0, "first", sharesPort);
  const servers = successiveServers(first, sharesPort);
  cleanups.push(() => servers.close());
  return { servers, port: Number(first.port) };
}

/** A socket, the messages that it got, and whether it is open. */
async function connect(port: number) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  const heard: string[] = [];
  socket.addEventListener("message", (event) => heard.push(String(event.data)));
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  const ask = () => {
    const before = heard.length;
    socket.send("?");
    return until("an answer", () => heard.length > before).then(() => heard.at(-1));
  };
  return { socket, heard, ask };
}

const answerOf = async (port: number) => (await fetch(`http://127.0.0.1:${port}/`)).text();
const noDelay = (error: unknown) => {
  throw new Error("delayed", { cause: error });
};
const living = (servers: { living(): Iterable<unknown> }) => [...servers.living()].length;

describe.each([true, false])("sharing the port: %p", (sharesPort) => {
  test("a newcomer meets the new server, and an old socket lives on with the old one", async () => {
    const { servers, port } = start(sharesPort);
    const old = await connect(port);
    await servers.replace(() => open(port, "second", sharesPort), noDelay);
    expect(await answerOf(port)).toBe("second");
    expect(await old.ask()).toBe("first");
    const young = await connect(port);
    expect(await young.ask()).toBe("second");

    for (const server of servers.living()) server.publish("all", "to all");
    await until("both have heard", () => old.heard.includes("to all") && young.heard.includes("to all"));
  });

  test("a server without sockets is forgotten", async () => {
    const { servers, port } = start(sharesPort);
    const old = await connect(port);
    for (const name of ["second", "third", "fourth"])
      await servers.replace(() => open(port, name, sharesPort), noDelay);
    await until("those in between are forgotten", () => living(servers) === 2);
    expect(await old.ask()).toBe("first");
    old.socket.close();
    await until("so is the first", () => living(servers) === 1);
    expect(await answerOf(port)).toBe("fourth");
  });

  test("a request in hand is answered by the server that took it", async () => {
    const answer = Promise.withResolvers<Response>();
    let asked = false;
    const first = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      reusePort: sharesPort,
      fetch: () => {
        asked = true;
        return answer.promise;
      },
    });
    const port = Number(first.port);
    const servers = successiveServers(first, sharesPort);
    cleanups.push(() => servers.close());
    const slow = answerOf(port);
    await until("it is in hand", () => asked);
    await servers.replace(() => open(port, "second", sharesPort), noDelay);
    expect(await answerOf(port)).toBe("second");
    answer.resolve(new Response("at last"));
    expect(await slow).toBe("at last");
  });

  test("after the stop nothing takes the port, and the end closes the sockets of all servers", async () => {
    const { servers, port } = start(sharesPort);
    const old = await connect(port);
    await servers.replace(() => open(port, "second", sharesPort), noDelay);
    const young = await connect(port);
    servers.stopAccepting();
    await servers.replace(() => open(port, "third", sharesPort), noDelay);
    const refused = await answerOf(port).then(
      () => "answered",
      () => "refused",
    );
    expect(refused).toBe("refused");
    expect(await old.ask()).toBe("first");
    expect(await young.ask()).toBe("second");
    await servers.close();
    const closed = () => [old, young].every(({ socket }) => socket.readyState === WebSocket.CLOSED);
    await until("both are closed", closed);
  });
});

test("a port that the old sockets hold is freed of them, and tried for again", async () => {
  const { servers, port } = start(false);
  const old = await connect(port);
  let tries = 0;
  const delays: unknown[] = [];
  // As Windows does.
  const openWhenFree = () => {
    tries++;
    if (old.socket.readyState === WebSocket.OPEN || tries < 3) throw new Error("EADDRINUSE");
    return open(port, "second", false);
  };
  await servers.replace(openWhenFree, (error) => delays.push(error));
  expect(delays).toHaveLength(1);
  expect(tries).toBeGreaterThanOrEqual(3);
  expect(await answerOf(port)).toBe("second");
  await until("the old one is forgotten", () => living(servers) === 1);
});

test("trying for a port ends when the gateway stops", async () => {
  const { servers, port } = start(false);
  const delayed = Promise.withResolvers<unknown>();
  const replaced = servers.replace(() => {
    throw new Error("EADDRINUSE");
  }, delayed.resolve);
  await delayed.promise;
  servers.stopAccepting();
  await replaced;
  await servers.close();
  // The port is nobody's now.
  await open(port, "another", false).stop(true);
});

test("with a shared port, a server that does not open costs nothing", async () => {
  const { servers, port } = start(true);
  const old = await connect(port);
  let tries = 0;
  const openInTheEnd = () => {
    tries++;
    if (tries < 2) throw new Error("EMFILE");
    return open(port, "second", true);
  };
  const delayed = Promise.withResolvers<unknown>();
  const replaced = servers.replace(openInTheEnd, delayed.resolve);
  await delayed.promise;
  expect(await answerOf(port)).toBe("first");
  await replaced;
  expect(await answerOf(port)).toBe("second");
  expect(await old.ask()).toBe("first");
});
