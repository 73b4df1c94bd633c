import { openSessions } from "../src/gateway/users/session.ts";
import { answerCommands } from "./load-process.ts";
import { openedSocket } from "./opened-socket.ts";

/** Users who wait for something to happen, each on a WebSocket of their own. */
export interface IdleUsers {
  /** Subscribes the `feed` of `count` users; resolves when the last of them is told that nothing is missed. */
  subscribe(crowd: { gatewayUrl: string; sessionSecret: string; name: string; count: number }): Promise<void>;
  connect(crowd: { rawRelayUrl: string; count: number }): Promise<void>;
  leave(): Promise<void>;
}

/** Sockets opened at a time; more would only wait in the server's backlog. */
const AT_ONCE = 100;

let sockets: WebSocket[] = [];

async function inTurns(count: number, connect: (number: number) => Promise<WebSocket>): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => connect(first + i));
    sockets.push(...(await Promise.all(some)));
  }
}

/** What tRPC's client sends, without the timers and objects of ten thousand clients in this process. */
async function subscribed(gatewayUrl: string, token: string): Promise<WebSocket> {
  const socket = await openedSocket(`${gatewayUrl.replace(/^http/, "ws")}/trpc?connectionParams=1`);
  const ready = new Promise<void>((resolve, reject) => {
    socket.addEventListener("close", () => reject(new Error("the gateway closed a socket")), { once: true });
    socket.addEventListener("message", function listen({ data }: MessageEvent<string>) {
      const { result, error } = JSON.parse(data) as {
        result?: { type: string };
        error?: { message: string };
      };
      if (error) reject(new Error(error.message));
      if (result?.type !== "data") return;
      socket.removeEventListener("message", listen);
      resolve();
    });
  });
  socket.send(JSON.stringify({ method: "connectionParams", data: { token } }));
  socket.send(JSON.stringify({ id: 1, method: "subscription", params: { path: "feed" } }));
  await ready;
  return socket;
}

answerCommands({
  async subscribe({ gatewayUrl, sessionSecret, name, count }: Parameters<IdleUsers["subscribe"]>[0]) {
    const sessions = openSessions(sessionSecret);
    await inTurns(count, async (number) => subscribed(gatewayUrl, await sessions.issue(`${name}${number}`)));
  },
  async connect({ rawRelayUrl, count }: Parameters<IdleUsers["connect"]>[0]) {
    await inTurns(count, () => openedSocket(`${rawRelayUrl}/user`));
  },
  leave() {
    for (const socket of sockets) socket.terminate();
    sockets = [];
    return Promise.resolve();
  },
});
