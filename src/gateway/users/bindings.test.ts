import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import {
  type GatewayParts,
  type GatewaysOnRedis,
  log,
  newJob,
  startGatewayParts,
} from "../../../test/gateway-parts.ts";
import { until } from "../../../test/until.ts";
import type { Order } from "../../contract/job.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { agentKeys, bindingKeys, userKeys } from "../redis/keys.ts";
import { openBindingCodes } from "./binding-codes.ts";
import { openBindings } from "./bindings.ts";
import { IN_WECOM, openDevices } from "./devices.ts";
import { openFeed } from "./feed.ts";
import { personOf } from "./person-of.ts";
import { openUsers } from "./users.ts";

const AGENT_IDS = ["a1", "a2"];
const SETTLED_MS = 100;
let parts: GatewaysOnRedis;
let second: GatewayParts;
beforeAll(async () => {
  parts = await startGatewayParts();
  second = await parts.another();
});
afterAll(() => parts.stop());
beforeEach(async () => {
  await parts.redis.flushall();
});

/** A gateway's bindings; `moveTasks` tells whose tasks are moved. */
function openOn(
  gateway: GatewayParts,
  options: { moveTasks?: () => Promise<void>; codeMs?: number; lockedMs?: number } = {},
) {
  const { moveTasks = () => Promise.resolve(), ...limits } = options;
  const told: string[] = [];
  const bindings = openBindings({
    ...gateway,
    devices: openDevices(gateway),
    users: openUsers(gateway.redis, AGENT_IDS),
    sessions: {
      moved: (userId) => {
        told.push(userId);
        return Promise.resolve();
      },
    },
    feed: openFeed(gateway.redis, gateway.hub, gateway.restarts),
    codes: openBindingCodes(gateway.redis, limits),
    moveTasks,
    agentIds: AGENT_IDS,
    gatewayId: crypto.randomUUID(),
    log,
    settledMs: SETTLED_MS,
    lookEveryMs: 20,
  });
  return { ...bindings, told };
}
const member = (name: string) => openUsers(parts.redis, AGENT_IDS).identify("wecom", name);
const visitor = (name: string) => openUsers(parts.redis, AGENT_IDS).identify("miniprogram", name);
async function codeOf(userId: string, bindings = openOn(parts)): Promise<string> {
  const made = await bindings.newCode(userId);
  if (made === "too-many") throw new Error("too many codes");
  return made.code;
}
/** Six digits that are nobody's code. */
const wrong = (code: string, n = 1) => String((Number(code) + n) % 1_000_000).padStart(6, "0");
async function orders(agentId: string): Promise<Order[]> {
  const entries = await parts.redis.xrange(agentKeys(agentId).orders, "-", "+");
  return entries.map(([, fields]) => JSON.parse(fields[1] ?? "") as Order);
}

test("one person from then on: identity, devices, open jobs, choice of agent, and all agents are told", async () => {
  const [zhang, phone] = [await member("zhang"), await visitor("zhang")];
  const users = openUsers(parts.redis, AGENT_IDS);
  const devices = openDevices(parts);
  const deviceId = await devices.add(phone, { name: "手机", channel: "miniprogram" });
  await users.setAgent(phone, "a2");
  const [open, ended] = [newJob({ userId: phone }), newJob({ userId: phone })];
  for (const job of [open, ended]) {
    await parts.jobs.enqueue(job, { channel: "miniprogram", origin: "" });
    await parts.redis.zadd(userKeys(phone).openJobs, job.createdAt, job.id);
  }
  await parts.jobs.cancel(ended.id);

  const moved: string[] = [];
  const moveTasks = (from = "", to = "") => Promise.resolve(void moved.push(`${from} ${to}`));
  const bindings = openOn(parts, { moveTasks });
  const code = await codeOf(zhang, bindings);
  expect(code).toMatch(/^\d{6}$/);
  expect(await bindings.bind(phone, code)).toBe(zhang);

  expect(await visitor("zhang")).toBe(zhang);
  expect(await personOf(parts.redis, phone)).toBe(zhang);
  expect(await users.get(zhang)).toMatchObject({ id: zhang, bound: true, agentId: "a2" });
  expect((await devices.list(zhang)).map(({ id }) => id)).toEqual([deviceId]);
  expect(await parts.redis.zrange(userKeys(zhang).openJobs, 0, "-1")).toEqual([open.id]);
  expect(moved).toEqual([`${phone} ${zhang}`]);
  expect(bindings.told).toEqual([phone]);
  for (const agentId of AGENT_IDS)
    expect(await orders(agentId)).toContainEqual({ t: "join", from: phone, to: zhang });
});

test("a code is good once; the answer to it can be asked for again", async () => {
  const [zhang, phone, thief] = [await member("zhang"), await visitor("zhang"), await visitor("thief")];
  const bindings = openOn(parts);
  const code = await codeOf(zhang);
  const entered = await Promise.allSettled(
    [phone, thief].flatMap((userId) => [bindings.bind(userId, code), openOn(second).bind(userId, code)]),
  );
  const winner = (await personOf(parts.redis, phone)) === zhang ? phone : thief;
  expect(entered.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(1);
  expect(await personOf(parts.redis, winner === phone ? thief : phone)).not.toBe(zhang);
  const loser = winner === phone ? thief : phone;
  expect(await bindings.bind(loser, code).catch(reasonOf)).toBe("code-refused");
  // As the old user, whose token a gateway has not looked up again, and as the one they are now.
  expect(await bindings.bind(winner, code)).toBe(zhang);
  expect(await bindings.bind(zhang, code)).toBe(zhang);
});

test("a newer code replaces the last one, an old one is worth nothing", async () => {
  const [zhang, phone] = [await member("zhang"), await visitor("zhang")];
  const bindings = openOn(parts, { codeMs: 50 });
  const [first, newest] = [await codeOf(zhang), await codeOf(zhang)];
  expect(await bindings.bind(phone, first).catch(reasonOf)).toBe("code-refused");
  expect(await personOf(parts.redis, phone)).toBe(phone);
  const short = await codeOf(zhang, bindings);
  expect(await bindings.bind(phone, newest).catch(reasonOf)).toBe("code-refused");
  await until("its end", async () => (await parts.redis.exists(bindingKeys.code(short))) === 0);
  expect(await bindings.bind(phone, short).catch(reasonOf)).toBe("code-refused");
  expect(await bindings.bind(phone, await codeOf(zhang))).toBe(zhang);
});

test("five codes an hour, then no more; another member has their own", async () => {
  const [zhang, li] = [await member("zhang"), await member("li")];
  const bindings = openOn(parts);
  const made = await Promise.all(Array.from({ length: 8 }, () => bindings.newCode(zhang)));
  expect(made.filter((one) => one !== "too-many")).toHaveLength(5);
  expect(await bindings.newCode(li)).toMatchObject({ validMs: 5 * 60_000 });
  const hourAgo = Date.now() - 3_600_001;
  const [oldest = ""] = await parts.redis.zrange(bindingKeys.given(zhang), 0, "0");
  await parts.redis.zadd(bindingKeys.given(zhang), hourAgo, oldest);
  expect(await bindings.newCode(zhang)).not.toBe("too-many");
});

test("who guesses is locked out after five wrong codes, also from the right one; others are not", async () => {
  const [zhang, guesser, phone] = [await member("zhang"), await visitor("guesser"), await visitor("zhang")];
  const bindings = openOn(parts, { lockedMs: 300 });
  const code = await codeOf(zhang);
  for (let n = 1; n <= 5; n++)
    expect(
      await openOn(n % 2 ? parts : second, { lockedMs: 300 })
        .bind(guesser, wrong(code, n))
        .catch(reasonOf),
    ).toBe("code-refused");
  expect(await bindings.bind(guesser, code).catch(reasonOf)).toBe("code-locked");
  expect(await personOf(parts.redis, guesser)).toBe(guesser);
  expect(await bindings.bind(phone, code)).toBe(zhang);
  await until(
    "the end of the lock",
    async () => (await parts.redis.exists(bindingKeys.wrong(guesser))) === 0,
  );
  expect(await bindings.bind(guesser, wrong(code)).catch(reasonOf)).toBe("code-refused");
});

test("a right code makes the wrong ones before it forgotten", async () => {
  const [zhang, phone] = [await member("zhang"), await visitor("zhang")];
  const bindings = openOn(parts);
  const code = await codeOf(zhang);
  for (let n = 1; n <= 4; n++) await bindings.bind(phone, wrong(code, n)).catch(reasonOf);
  expect(await bindings.bind(phone, code)).toBe(zhang);
  expect(await parts.redis.exists(bindingKeys.wrong(phone))).toBe(0);
});

test("who guesses with many accounts locks the codes for all, for a time", async () => {
  const [zhang, phone] = [await member("zhang"), await visitor("zhang")];
  const bindings = openOn(parts, { lockedMs: 2_000 });
  const code = await codeOf(zhang);
  const reasons: (string | undefined)[] = [];
  for (let account = 0; account < 21; account++) {
    const guesser = await visitor(`guesser${account}`);
    const guesses = [1, 2, 3, 4, 5].map((n) => bindings.bind(guesser, wrong(code, account * 5 + n)));
    reasons.push(...(await Promise.all(guesses.map((guess) => guess.then(() => "right", reasonOf)))));
  }
  expect(reasons.filter((reason) => reason === "code-refused")).toHaveLength(100);
  expect(reasons.slice(100)).toEqual(Array.from({ length: 5 }, () => "code-locked"));
  expect(await bindings.bind(phone, code).catch(reasonOf)).toBe("code-locked");
  await until("the end of the lock", async () => (await parts.redis.exists(bindingKeys.wrongOfAll)) === 0);
  expect(await bindings.bind(phone, code)).toBe(zhang);
});

test("whoever is bound joins no second member, not even with two codes at once", async () => {
  const [zhang, li, wang] = [await member("zhang"), await member("li"), await member("wang")];
  const phone = await visitor("zhang");
  const codes = [await codeOf(zhang), await codeOf(li)];
  const [a, b] = await Promise.allSettled([
    openOn(parts).bind(phone, codes[0] ?? ""),
    openOn(second).bind(phone, codes[1] ?? ""),
  ]);
  const won = [a, b].filter((outcome) => outcome.status === "fulfilled").map(({ value }) => value);
  expect(won).toHaveLength(1);
  const person = await personOf(parts.redis, phone);
  expect(won).toEqual([person]);
  expect(
    await openOn(parts)
      .bind(person, await codeOf(wang))
      .catch(reasonOf),
  ).toBe("code-refused");
  expect(await personOf(parts.redis, person)).toBe(person);
  // A second phone of theirs may still come in.
  expect(await openOn(parts).bind(await visitor("second"), await codeOf(person))).toBe(person);
});

test("a join that breaks off goes on with the same code, or by itself", async () => {
  const breakOff = () => Promise.reject(new Error("the gateway dies here"));
  for (const goesOn of ["with the code", "by itself"]) {
    await parts.redis.flushall();
    const [zhang, phone] = [await member("zhang"), await visitor("zhang")];
    const code = await codeOf(zhang);
    const broken = openOn(parts, { moveTasks: breakOff });
    expect(await broken.bind(phone, code).catch(() => "broken off")).toBe("broken off");
    expect(broken.told).toEqual([]);
    let moves = 0;
    const next = openOn(second, { moveTasks: () => Promise.resolve(void moves++) });
    const stop = new AbortController();
    const running = goesOn === "by itself" ? next.run(stop.signal) : next.bind(phone, code);
    await until("the end of the join", () => next.told.includes(phone));
    expect(moves).toBeGreaterThan(0);
    stop.abort();
    await running;
  }
});

test("what a request under way has left with the old user is moved later, then the join is over", async () => {
  const [zhang, phone] = [await member("zhang"), await visitor("zhang")];
  const bindings = openOn(parts);
  await bindings.bind(phone, await codeOf(zhang));
  const late = newJob({ userId: phone });
  await parts.jobs.enqueue(late, { channel: "miniprogram", origin: "" });
  await parts.redis.zadd(userKeys(phone).openJobs, late.createdAt, late.id);
  const stop = new AbortController();
  const running = Promise.all([bindings.run(stop.signal), openOn(second).run(stop.signal)]);
  await until("the end of the join", async () => (await parts.redis.zcard(bindingKeys.joins)) === 0);
  expect(await parts.redis.zrange(userKeys(zhang).openJobs, 0, "-1")).toEqual([late.id]);
  stop.abort();
  await running;
});

test("name and avatar come along where the member has none; the feed says that the person has changed", async () => {
  const users = openUsers(parts.redis, AGENT_IDS);
  const [zhang, phone] = [await member("zhang"), await visitor("zhang")];
  const avatar = "data:image/png;base64,iVBORw0KGgo=";
  await users.setProfile(zhang, { name: "张三" });
  await users.setProfile(phone, { name: "小张", avatar });
  const bindings = openOn(parts);
  await bindings.bind(phone, await codeOf(zhang, bindings));
  expect(await users.get(zhang)).toMatchObject({ name: "张三", avatar, bound: true });
  const [li, tablet] = [await member("li"), await visitor("li")];
  await users.setProfile(tablet, { name: "小李" });
  await bindings.bind(tablet, await codeOf(li, bindings));
  expect(await users.get(li)).toMatchObject({ name: "小李" });
  const feed = await parts.redis.xrange(userKeys(zhang).feed, "-", "+");
  expect(feed.map(([, fields]) => JSON.parse(fields[1] ?? "") as unknown)).toEqual([{ t: "user" }]);
});

test("a member who signed in inside WeCom joins nobody; their own code does no harm, and they can still be joined", async () => {
  const [zhang, li, phone] = [await member("zhang"), await member("li"), await visitor("zhang")];
  await openDevices(parts).add(zhang, { name: undefined, channel: IN_WECOM });
  const bindings = openOn(parts);
  expect(await bindings.bind(zhang, await codeOf(li)).catch(reasonOf)).toBe("code-refused");
  expect(await personOf(parts.redis, zhang)).toBe(zhang);
  const own = await codeOf(zhang);
  expect(await bindings.bind(zhang, own)).toBe(zhang);
  expect(await bindings.bind(phone, own)).toBe(zhang);
  expect(await personOf(parts.redis, phone)).toBe(zhang);
});
