import type { Device } from "../../contract/user.ts";
import type { RedisClient } from "../redis/connect.ts";
import { deviceKey, userKeys } from "../redis/keys.ts";
import type { RestartWatch } from "../redis/restart-watch.ts";
import { script } from "../redis/script.ts";

/** A device that was not seen for this long has to sign in again; each time it is seen, the time begins anew. */
const SESSION_MS = 30 * 24 * 3600 * 1_000;
/** "Last seen" is for people; more often than this it is not worth a write. */
const SEEN_EVERY_MS = 60_000;
/** Nobody uses more; the ones that were not seen for longest are signed out. */
const MAX_DEVICES = 32;
/** A phone that was lost may lie in a drawer for long before somebody switches it on. */
const REMOVED_MS = 365 * 24 * 3600 * 1_000;

/** The channel of a device that signed in inside WeCom: its user is a WeCom member. */
export const IN_WECOM = "wecom-miniprogram";

export type DeviceRecord = Omit<Device, "current">;

/** - `removed`: its owner has signed it out; `gone`: not seen for too long, one of too many, or never there */
export type DeviceState = "signed-in" | "removed" | "gone";

/** Where users are signed in. */
export interface Devices {
  /** Signs a device in and returns its id. */
  add(userId: string, device: { name: string | undefined; channel: string }): Promise<string>;
  /** Notes that a device was seen, and so prolongs its session, if it is signed in. */
  seen(deviceId: string): Promise<DeviceState>;
  /** The one that was seen last comes first. */
  list(userId: string): Promise<DeviceRecord[]>;
  /** Signs a device out for its owner, which is remembered; false when it is not one of this user's. */
  remove(userId: string, deviceId: string): Promise<boolean>;
  /** Makes all devices of `from` devices of `to`. Broken off, it goes on when called again. */
  move(from: string, to: string): Promise<void>;
}

// KEYS: device. ARGV: now (ms), least time between two notes (ms), ttl (ms). One that was signed out stays so.
const noteSeen = script(`
local seen = redis.call('HGET', KEYS[1], 'seen')
if not seen then
  if redis.call('HEXISTS', KEYS[1], 'removed') == 1 then return 'removed' end
  return 'gone'
end
if ARGV[1] - seen >= tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[1], 'seen', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return 'signed-in'`);

// KEYS: device. ARGV: ttl (ms), then its fields.
const signIn = script(`
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`);

// KEYS: device. ARGV: when (ms), ttl (ms). Nothing stays but that it was removed.
const signOut = script(`
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'removed', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`);

export function openDevices(parts: {
  redis: RedisClient;
  restarts: RestartWatch;
  sessionMs?: number;
  seenEveryMs?: number;
}): Devices {
  const { redis, restarts, sessionMs = SESSION_MS, seenEveryMs = SEEN_EVERY_MS } = parts;

  async function add(userId: string, { name, channel }: { name: string | undefined; channel: string }) {
    const id = crypto.randomUUID();
    const now = Date.now();
    const fields = ["channel", channel, "signedIn", now, "seen", now];
    if (name !== undefined) fields.push("name", name);
    await restarts.surely(async () => {
      await signIn(redis, [deviceKey(id)], [sessionMs, ...fields]);
      await redis.sadd(userKeys(userId).devices, id);
    });
    if ((await redis.scard(userKeys(userId).devices)) > MAX_DEVICES) {
      const tooMany = (await list(userId)).slice(MAX_DEVICES);
      for (const { id } of tooMany) {
        await restarts.surely(() => redis.del(deviceKey(id)));
        await redis.srem(userKeys(userId).devices, id);
      }
    }
    return id;
  }

  async function look(deviceId: string): Promise<DeviceState> {
    const state = await noteSeen(redis, [deviceKey(deviceId)], [Date.now(), seenEveryMs, sessionMs]);
    return state as DeviceState;
  }

  async function list(userId: string): Promise<DeviceRecord[]> {
    const key = userKeys(userId).devices;
    const ids = await redis.smembers(key);
    const found = await Promise.all(ids.map(async (id) => fromHash(id, await redis.hgetall(deviceKey(id)))));
    const gone = ids.filter((_, i) => !found[i]);
    if (gone.length > 0) await redis.srem(key, ...gone);
    return found.filter((device) => device !== undefined).sort((a, b) => b.lastSeenAt - a.lastSeenAt);
  }

  async function remove(userId: string, deviceId: string): Promise<boolean> {
    if ((await redis.sismember(userKeys(userId).devices, deviceId)) === 0) return false;
    await restarts.surely(() => signOut(redis, [deviceKey(deviceId)], [Date.now(), REMOVED_MS]));
    await redis.srem(userKeys(userId).devices, deviceId);
    return true;
  }

  return {
    add,
    async seen(deviceId) {
      const state = await look(deviceId);
      if (state !== "gone") return state;
      // It may be one of those that a restarted Redis is just being given again.
      await restarts.settled();
      return await look(deviceId);
    },
    list,
    remove,
    async move(from, to) {
      const ids = await redis.smembers(userKeys(from).devices);
      if (ids.length === 0) return;
      await restarts.surely(() => redis.sadd(userKeys(to).devices, ...ids));
      await redis.srem(userKeys(from).devices, ...ids);
    },
  };
}

function fromHash(id: string, hash: Record<string, string>): DeviceRecord | undefined {
  const { name, channel, signedIn, seen } = hash;
  if (channel === undefined) return undefined;
  return {
    id,
    ...(name === undefined ? {} : { name }),
    channel,
    signedInAt: Number(signedIn),
    lastSeenAt: Number(seen),
  };
}
