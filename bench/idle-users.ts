import { answerCommands } from "./load-process.ts";
import { openedSocket } from "./opened-socket.ts";

/** Users who wait for something to happen, each on a WebSocket of their own. */
export interface IdleUsers {
  /** Signs in `count` users, whom the stand-in of WeChat knows by `name` and a number. */
  signIn(crowd: { gatewayUrl: string; name: string; count: number }): Promise<void>;
  /** Subscribes the `feed` of all who signed in; resolves when the last of them is told that nothing is missed. */
  subscribe(crowd: { gatewayUrl: string }): Promise<void>;
  connect(crowd: { rawRelayUrl: string; count: number }): Promise<void>;
  leave(): Promise<void>;
}

/** Sockets opened at a time; more would only wait in the server's backlog. */
const AT_ONCE = 100;

let tokens: string[] = [];
let sockets: WebSocket[] = [];

async function inTurns<T>(count: number, make: (number: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let first = 0; first < count; first += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - first) }, (_, i) => make(first + i));
    made.push(...(await Promise.all(some)));
  }
  return made;
}

async function tokenOf(gatewayUrl: string, name: string): Promise<string> {
  const response = await fetch(`${gatewayUrl}/trpc/auth.miniprogramLogin`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code: `user-${name}` }),
  });
  const { result } = (await response.json()) as { result: { data: { token: string } } };
  return result.data.token;
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
  async signIn({ gatewayUrl, name, count }: Parameters<IdleUsers["signIn"]>[0]) {
    tokens = await inTurns(count, (number) => tokenOf(gatewayUrl, `${name}${number}`));
  },
  async subscribe({ gatewayUrl }: Parameters<IdleUsers["subscribe"]>[0]) {
    sockets = await inTurns(tokens.length, (number) => subscribed(gatewayUrl, tokens[number] ?? ""));
  },
  async connect({ rawRelayUrl, count }: Parameters<IdleUsers["connect"]>[0]) {
    sockets = await inTurns(count, () => openedSocket(`${rawRelayUrl}/user`));
  },
  leave() {
    for (const socket of sockets) socket.terminate();
    sockets = [];
    return Promise.resolve();
  },
});
