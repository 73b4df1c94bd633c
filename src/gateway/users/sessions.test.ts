import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { callerOf } from "../../../test/caller.ts";
import { type GatewayParts, type GatewaysOnRedis, startGatewayParts } from "../../../test/gateway-parts.ts";
import { refused, refusedSubscription } from "../../../test/refused.ts";
import { openClient, type UserClient } from "../../../test/system.ts";
import { until } from "../../../test/until.ts";
import { openUserDoor, type UserDoor } from "../../../test/user-door.ts";
import { deviceKey, userKeys } from "../redis/keys.ts";

const REFUSED = { code: "UNAUTHORIZED", reason: "not-signed-in" };
const REMOVED = { code: "UNAUTHORIZED", reason: "device-removed" };
const PHONE = { name: "手机", channel: "miniprogram" };
const LOOK_AFTER_MS = 50;
let parts: GatewaysOnRedis;
let secondParts: GatewayParts;
let here: UserDoor;
let there: UserDoor;
let clients: UserClient[] = [];

beforeAll(async () => {
  parts = await startGatewayParts({ args: ["--appendonly", "yes"] });
  secondParts = await parts.another();
});
afterAll(() => parts.stop());
beforeEach(async () => {
  here = await openUserDoor(parts);
  there = await openUserDoor(secondParts);
});
afterEach(async () => {
  for (const client of clients) await client.close();
  clients = [];
  await Promise.all([here.stop(), there.stop()]);
});

async function signIn(name: string) {
  const userId = await here.users.identify("miniprogram", name);
  const token = await here.sessions.begin(userId, PHONE);
  const { deviceId } = await callerOf(here.sessions, token);
  return { userId, token, deviceId };
}
function clientOf(door: UserDoor, token: string): UserClient {
  const client = openClient(door.url, token);
  clients.push(client);
  return client;
}
/** A feed that is open; resolves with how it is refused in the end. */
async function openFeed(client: UserClient) {
  const ready = Promise.withResolvers<void>();
  const end = refusedSubscription(({ onError, onComplete }) =>
    client.api.feed.subscribe(undefined, { onData: () => ready.resolve(), onError, onComplete }),
  );
  await Promise.race([ready.promise, end]);
  return { end };
}

/** A socket without a client that does anything by itself; its feed is open. */
async function openRawSocket(door: UserDoor, token: string) {
  const socket = new WebSocket(`${door.url.replace("http", "ws")}/trpc?connectionParams=1`);
  const heard: string[] = [];
  const closed = new Promise<boolean>((resolve) => socket.addEventListener("close", () => resolve(true)));
  socket.addEventListener("message", ({ data }) => heard.push(String(data)));
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  const send = (message: object) => socket.send(JSON.stringify(message));
  send({ method: "connectionParams", data: { token } });
  send({ id: 1, method: "subscription", params: { path: "feed" } });
  await until("the feed", () => heard.some((text) => text.includes("ready")));
  return { socket, heard, send, closed };
}

test("a device that its owner removes is told so at once on every gateway, and its open sockets end", async () => {
  const phone = await signIn("anna");
  const tablet = await signIn("anna");
  const doors = [here, there];
  const feeds = await Promise.all(doors.map((door) => openFeed(clientOf(door, phone.token))));
  await openFeed(clientOf(there, tablet.token));
  // Both gateways know it to be good, and ask Redis no more.
  for (const door of doors) await clientOf(door, phone.token).api.me.get.query();
  expect([here.feedsOf(phone.userId), there.feedsOf(phone.userId)]).toEqual([1, 2]);

  await clientOf(here, tablet.token).api.me.revokeDevice.mutate({ id: phone.deviceId });
  expect(await refused(clientOf(here, phone.token).api.me.get.query())).toMatchObject(REMOVED);
  for (const { end } of feeds) expect(await end).toMatchObject(REMOVED);
  await until("only the tablet", () => here.feedsOf(phone.userId) + there.feedsOf(phone.userId) === 1);
  for (const door of doors) {
    const client = clientOf(door, phone.token);
    expect(await refused(client.api.me.get.query())).toMatchObject(REMOVED);
    const { end } = await openFeed(client);
    expect(await end).toMatchObject(REMOVED);
  }
  expect((await clientOf(there, tablet.token).api.me.devices.query()).map(({ id }) => id)).toEqual([
    tablet.deviceId,
  ]);
});

test("what is asked on a socket after its end is not answered", async () => {
  const { token, userId, deviceId } = await signIn("late");
  const { heard, send, socket, closed } = await openRawSocket(here, token);
  const revoked = here.sessions.revoke(userId, deviceId);
  for (let id = 2; socket.readyState === WebSocket.OPEN; id++) {
    send({ id, method: "query", params: { path: "me.get" } });
    await Bun.sleep(0);
  }
  await Promise.all([revoked, closed]);
  const end = heard.findIndex((text) => text.includes("device-removed"));
  expect(end).toBeGreaterThan(0);
  expect(heard.slice(end + 1)).toEqual([]);
});

test("the list shows where one is signed in and which of them asks; others' are not there", async () => {
  const [phone, tablet, foreign] = [await signIn("berta"), await signIn("berta"), await signIn("carla")];
  const { api } = clientOf(here, tablet.token);
  const devices = await api.me.devices.query();
  expect(new Map(devices.map(({ id, current }) => [id, current]))).toEqual(
    new Map([
      [phone.deviceId, false],
      [tablet.deviceId, true],
    ]),
  );
  for (const { name, channel, signedInAt, lastSeenAt } of devices) {
    expect({ name, channel }).toEqual(PHONE);
    expect(lastSeenAt).toBeGreaterThanOrEqual(signedInAt);
  }
  expect(await refused(api.me.revokeDevice.mutate({ id: foreign.deviceId }))).toMatchObject({
    reason: "not-found",
  });
  expect((await clientOf(here, foreign.token).api.me.get.query()).id).toBe(foreign.userId);
});

test("one may sign out the device in hand", async () => {
  const { token, deviceId } = await signIn("dora");
  const { api } = clientOf(here, token);
  await api.me.revokeDevice.mutate({ id: deviceId });
  expect(await refused(api.me.get.query())).toMatchObject(REMOVED);
});

test("that a device was removed outlasts its session, a new sign-in and a Redis that forgets its last moments", async () => {
  const { userId, token, deviceId } = await signIn("doris");
  await here.sessions.revoke(userId, deviceId);
  expect(await parts.redis.pttl(deviceKey(deviceId))).toBeGreaterThan(300 * 24 * 3_600_000);
  await signIn("doris");
  expect(await there.sessions.verify(token)).toBe("removed");
  // As if neither the sign-in nor its end had been written to the disk.
  await parts.redis.del(deviceKey(deviceId));
  await parts.server.kill9();
  await parts.server.restart();
  await until("it is known again", async () => (await there.sessions.verify(token)) === "removed");
  expect(await there.sessions.list(userId, deviceId)).toHaveLength(1);
});

test("to be seen prolongs a session, also by an open socket alone", async () => {
  const door = await openUserDoor(parts, { lookAfterMs: LOOK_AFTER_MS });
  const { token, deviceId } = await signIn("emil");
  await openFeed(clientOf(door, token));
  const monthMs = await parts.redis.pttl(deviceKey(deviceId));
  expect(monthMs).toBeGreaterThan(29 * 24 * 3_600_000);
  // As if it had not been seen for a month, all but a minute.
  await parts.redis.pexpire(deviceKey(deviceId), 60_000);
  await parts.redis.hset(deviceKey(deviceId), "seen", String(Date.now() - monthMs + 60_000));
  await until("a month more", async () => (await parts.redis.pttl(deviceKey(deviceId))) > 60_000);
  const [device] = await door.sessions.list((await signIn("emil")).userId, deviceId);
  expect(Date.now() - (device?.lastSeenAt ?? 0)).toBeLessThan(60_000);
  await door.stop();
});

test("a device that was not seen for long enough is gone, with its open sockets", async () => {
  const door = await openUserDoor(parts, { lookAfterMs: LOOK_AFTER_MS });
  const { userId, token, deviceId } = await signIn("frida");
  const { end } = await openFeed(clientOf(door, token));
  await parts.redis.pexpire(deviceKey(deviceId), 1);
  expect(await end).toMatchObject(REFUSED);
  expect(await door.sessions.list(userId, deviceId)).toEqual([]);
  expect(await parts.redis.scard(userKeys(userId).devices)).toBe(0);
  await door.stop();
});

test("a gateway that missed the message ends the session when it hears again", async () => {
  const { userId, token, deviceId } = await signIn("gerd");
  const { end } = await openFeed(clientOf(there, token));
  // The message itself is what got lost.
  expect(await here.devices.remove(userId, deviceId)).toBe(true);
  secondParts.subscriber.disconnect(true);
  expect(await end).toMatchObject(REMOVED);
  expect(await refused(clientOf(there, token).api.me.get.query())).toMatchObject(REMOVED);
});

test("whoever joins another user comes back as that one, by themselves, on a new socket", async () => {
  const { userId, token } = await signIn("hanna");
  const other = await signIn("hans");
  await openFeed(clientOf(there, token));
  await clientOf(there, token).api.me.get.query();
  const old = await openRawSocket(there, token);
  await parts.redis.set(userKeys(userId).alias, other.userId);
  await here.sessions.moved(userId, other.userId);
  // A client takes a moment to move; what it asks until then is already for the new user.
  await until("the request to move", () => old.heard.some((text) => text.includes("reconnect")));
  old.send({ id: 2, method: "query", params: { path: "me.get" } });
  await until("the answer", () => old.heard.some((text) => text.includes(`"id":"${other.userId}"`)));
  await until("the feed of the other", () => there.feedsOf(other.userId) === 1);
  await until("none of the old one", () => there.feedsOf(userId) === 0);
  await old.closed;
  expect((await clientOf(there, token).api.me.get.query()).id).toBe(other.userId);
});

test("a socket waits for a Redis that is away, and a session begun just before its death is kept", async () => {
  const { token } = await signIn("ida");
  await parts.server.kill9();
  const opened = openFeed(clientOf(there, token));
  await parts.server.restart();
  const { end } = await opened;
  expect(await Promise.race([end, Promise.resolve("open")])).toBe("open");
  expect((await clientOf(here, token).api.me.get.query()).id).toBe((await signIn("ida")).userId);
});

test("nobody has more devices than they can use: those not seen for longest go", async () => {
  const first = await signIn("karl");
  await Bun.sleep(2);
  for (let i = 0; i < 32; i++) await signIn("karl");
  expect(await here.sessions.list(first.userId, "")).toHaveLength(32);
  expect(await there.sessions.verify(first.token)).toBeNull();
});
