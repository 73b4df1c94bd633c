import { Hono } from "hono";
import { refusal } from "../src/contract/refusal.ts";
import type { UserContext } from "../src/contract/user-api.ts";
import { serve } from "../src/gateway/serve.ts";
import { userHttp, type UserPorts, userSockets } from "../src/gateway/user-side.ts";
import { type Devices, openDevices } from "../src/gateway/users/devices.ts";
import { openSessionTokens } from "../src/gateway/users/session-token.ts";
import { openSessions, type Sessions } from "../src/gateway/users/sessions.ts";
import { openUsers, type Users } from "../src/gateway/users/users.ts";
import { type GatewayParts, log } from "./gateway-parts.ts";

/** A gateway's side for users on real sockets; of their work it knows only a feed in which nothing happens. */
export interface UserDoor {
  url: string;
  sessions: Sessions;
  devices: Devices;
  users: Users;
  /** How many feeds are open, and whose. */
  feedsOf(userId: string): number;
  stop(): Promise<void>;
}

const SECRET = "session-secret-for-tests-0123456789";
/** A request that nobody of these tests makes. */
const never = (): never => {
  throw refusal("unavailable", "没有这个功能");
};

export async function openUserDoor(
  parts: GatewayParts,
  options: { lookAfterMs?: number; bind?: UserPorts["users"]["bind"] } = {},
): Promise<UserDoor> {
  const { lookAfterMs, bind = never } = options;
  const stopping = new AbortController();
  const devices = openDevices(parts);
  const users = openUsers(parts.redis, ["a1", "a2"]);
  const sessions = await openSessions({
    ...parts,
    devices,
    tokens: openSessionTokens(SECRET),
    log,
    signal: stopping.signal,
    ...(lookAfterMs === undefined ? {} : { lookAfterMs }),
  });
  const open = new Map<string, number>();
  const count = (userId: string, change: number) => open.set(userId, (open.get(userId) ?? 0) + change);
  const feed: UserContext["feed"] = {
    async *events(userId, _lastEventId, signal) {
      count(userId, 1);
      yield ["1-0", { t: "ready" }];
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      count(userId, -1);
    },
  };
  const ports: UserPorts = {
    auth: { miniprogramLogin: never, wecomLogin: never },
    users: { ...users, bind },
    devices: sessions,
    tasks: { create: never, list: never, get: never, cancel: never, retry: never },
    agents: { list: never },
    chat: { send: never, conversations: never, history: never, rename: never, delete: never },
    jobs: { cancel: never, events: never },
    feed,
  };
  const side = { ports, sessions, log };
  const answer = userHttp(side);
  const server = serve({
    host: "127.0.0.1",
    port: 0,
    tls: undefined,
    app: new Hono().all("/trpc/*", (c) => answer(c.req.raw)),
    sockets: { "/trpc": userSockets(side) },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    sessions,
    devices,
    users,
    feedsOf: (userId) => open.get(userId) ?? 0,
    async stop() {
      stopping.abort();
      await server.close();
    },
  };
}
