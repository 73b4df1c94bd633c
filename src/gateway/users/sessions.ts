import type { TRPCError } from "@trpc/server";
import { refusal } from "../../contract/refusal.ts";
import { type DevicesPort, notSignedIn, type SignedIn, type UserContext } from "../../contract/user-api.ts";
import type { Logger } from "../../log.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { sessionsChannel } from "../redis/keys.ts";
import type { Devices } from "./devices.ts";
import { personOf } from "./person-of.ts";
import type { SessionTokens } from "./session-token.ts";

/** Callers who were looked up not long ago: asking for each request would make Redis a part of all of them. */
const MAX_KNOWN = 10_000;
/** The channel says at once when one of them is worth nothing any more; this is for a message that was lost. */
const KNOWN_MS = 60_000;
/** Open sockets are looked after this often: it prolongs their sessions, and finds one that missed its end. */
const LOOK_AFTER_MS = 5 * 60_000;
/** Sockets looked up at the same time; a thousand would hold up Redis. */
const LOOK_UPS_AT_ONCE = 100;

/** An open socket of somebody who is signed in. */
export interface SessionSocket {
  /** Tells all its subscriptions why they end, and closes it. */
  endWith(error: TRPCError): void;
  /** Has its client come back on a new socket, as whoever its token means by then. */
  moveOn(): void;
}

/** Who a token stands for; null for one that is forged, damaged, or not seen for too long. */
export type TokenCaller = UserContext["caller"];

/** Who calls on a socket just now: the same person by another user id once they have joined another, nobody at the end. */
export interface SocketSession {
  readonly caller: TokenCaller;
}

/** Who is signed in, on any gateway. A session ends when its device is signed out, or was not seen for 30 days. */
export interface Sessions extends DevicesPort {
  /** Signs a user in on a new device; returns its token. */
  begin(userId: string, device: { name: string | undefined; channel: string }): Promise<string>;
  verify(token: string): Promise<TokenCaller>;
  /** The same for a socket, which hears of the session's end until it leaves. */
  join(token: string, socket: SessionSocket): Promise<SocketSession>;
  leave(socket: SessionSocket): void;
  /** Has all devices of `from`, who has joined `to`, be that one's at once. */
  moved(from: string, to: string): Promise<void>;
}

/** Ends with the signal. */
export async function openSessions(parts: {
  redis: RedisClient;
  hub: Hub;
  tokens: SessionTokens;
  devices: Devices;
  log: Logger;
  signal: AbortSignal;
  lookAfterMs?: number;
}): Promise<Sessions> {
  const { redis, hub, tokens, devices, log, signal, lookAfterMs = LOOK_AFTER_MS } = parts;
  const known = new Map<string, { caller: SignedIn; at: number }>();
  const sockets = new Map<SessionSocket, { caller: TokenCaller }>();
  /** Rises with every message, so that an answer of Redis from before it is not kept. */
  let news = 0;

  await hub.listen(sessionsChannel, hear, signal);
  const timer = setInterval(lookAfterSockets, lookAfterMs);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });

  /** `device <id>`: signed out by its owner; `user <from> <to>`: has joined another. */
  function hear(message: string | null): void {
    news++;
    if (message === null) {
      known.clear();
      lookAfterSockets();
      return;
    }
    const [what, id, to] = message.split(" ");
    const isMeant = (caller: SignedIn) => (what === "device" ? caller.deviceId : caller.userId) === id;
    for (const [token, { caller }] of known) if (isMeant(caller)) known.delete(token);
    for (const [socket, { caller }] of sockets)
      if (isSomebody(caller) && isMeant(caller))
        change(socket, to === undefined ? "removed" : { userId: to, deviceId: caller.deviceId });
  }

  /** Its client takes a moment to come back on a new socket; what it asks on the old one until then is for the new user. */
  function change(socket: SessionSocket, caller: TokenCaller): void {
    const session = sockets.get(socket);
    if (!session || !isSomebody(session.caller)) return;
    const { userId } = session.caller;
    session.caller = caller;
    if (!isSomebody(caller)) socket.endWith(notSignedIn(caller));
    else if (caller.userId !== userId) socket.moveOn();
  }

  async function tellAll(message: string): Promise<void> {
    hub.tellHere(sessionsChannel, message);
    await redis.publish(sessionsChannel, message);
  }

  async function lookUp({ userId, deviceId }: SignedIn): Promise<TokenCaller> {
    const [person, state] = await Promise.all([personOf(redis, userId), devices.seen(deviceId)]);
    if (state === "signed-in") return { userId: person, deviceId };
    return state === "removed" ? "removed" : null;
  }

  function lookAfterSockets(): void {
    lookAfter([...sockets.keys()]).catch((error: unknown) => {
      if (!signal.aborted) log.warn("检查登录状态失败，稍后重试", { error });
    });
  }

  async function lookAfter(open: SessionSocket[]): Promise<void> {
    while (open.length > 0 && !signal.aborted) {
      await Promise.all(
        open.splice(0, LOOK_UPS_AT_ONCE).map(async (socket) => {
          const caller = sockets.get(socket)?.caller;
          if (!isSomebody(caller)) return;
          const found = await lookUp(caller);
          // What was said meanwhile is newer.
          if (sockets.get(socket)?.caller === caller) change(socket, found);
        }),
      );
    }
  }

  async function verify(token: string): Promise<TokenCaller> {
    const kept = known.get(token);
    if (kept && performance.now() - kept.at < KNOWN_MS) return kept.caller;
    const before = news;
    const signed = await tokens.read(token);
    const caller = signed ? await lookUp(signed) : null;
    known.delete(token);
    if (!isSomebody(caller) || before !== news) return caller;
    if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value ?? "");
    known.set(token, { caller, at: performance.now() });
    return caller;
  }

  return {
    async begin(userId, device) {
      return await tokens.issue({ userId, deviceId: await devices.add(userId, device) });
    },
    verify,
    async join(token, socket) {
      for (;;) {
        const before = news;
        const session = { caller: await verify(token) };
        // What was said meanwhile, this socket has not heard.
        if (before !== news) continue;
        if (isSomebody(session.caller)) sockets.set(socket, session);
        return session;
      }
    },
    leave: (socket) => sockets.delete(socket),
    moved: (from, to) => tellAll(`user ${from} ${to}`),
    async list(userId, deviceId) {
      const found = await devices.list(userId);
      return found.map((device) => ({ ...device, current: device.id === deviceId }));
    },
    async revoke(userId, deviceId) {
      if (!(await devices.remove(userId, deviceId)))
        throw refusal("not-found", "没有这个设备，或者它已经退出登录");
      await tellAll(`device ${deviceId}`);
    },
  };
}

function isSomebody(caller: TokenCaller | undefined): caller is SignedIn {
  return caller !== undefined && caller !== null && caller !== "removed";
}
