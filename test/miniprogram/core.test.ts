import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildNpm } from "../../dev/miniprogram/build-npm.ts";
import { bundleMiniprogram, openOldPhone } from "../../dev/miniprogram/old-phone-for-tests.ts";
import { startPhone, type TestPhone } from "../../dev/miniprogram/phone-for-tests.ts";
import { openCell } from "../../miniprogram/utils/cell.ts";
import type { Claw } from "../../miniprogram/utils/claw.ts";
import { errorText } from "../../miniprogram/utils/error-text.ts";
import { openClaw } from "../../miniprogram/utils/open-claw.ts";
import type { Accepted } from "../../miniprogram/utils/outbox/outbox.ts";
import type { FeedEvent } from "../../src/contract/feed.ts";
import { startSystem, type System, until } from "../system.ts";
import { watchJob } from "../watched-job.ts";

/** Long enough to be broken off in the middle. */
const TOKENS_PER_SECOND = 60;
const ANSWER = "从前有一座山，山里有一座庙，庙里有一个老和尚在讲故事。".repeat(4);
/** What a probe of a silent socket takes, and a new one. */
const PROBED_MS = 4_000;
const STORM_WINDOW_MS = 4_000;
/** Of one user; with one more the one that was not seen for longest is signed out. */
const MAX_DEVICES = 32;

let system: System;
const open = new Set<{ close(): void }>();

beforeAll(async () => {
  system = await startSystem({ model: { tokensPerSecond: TOKENS_PER_SECOND, reply: () => ANSWER } });
}, 60_000);
afterEach(() => {
  for (const claw of open) claw.close();
  open.clear();
});
afterAll(() => system.stop(), 30_000);

function start(phone: TestPhone, openCore: typeof openClaw = openClaw): Claw & { close(): void } {
  const theme = {
    choice: openCell<"system">("system"),
    themeClass: openCell<"theme-light">("theme-light"),
    choose() {},
  };
  const claw = openCore({ wx: phone.wx, url: `${system.gatewayUrl.replace("http", "ws")}/trpc`, theme });
  open.add(claw);
  return claw;
}
const online = (claw: Claw) => until("the phone is online", () => claw.connection.value === "online");
const codeOf = (name: string) => `user-${name}`;

/** Everything that a feed tells, and how often each job came to each status. */
function hear(claw: Claw) {
  const events: FeedEvent[] = [];
  claw.listen((event) => events.push(event));
  const steps = () =>
    events.flatMap((event) => (event.t === "job" ? [`${event.job.jobId} ${event.job.status}`] : []));
  return { events, steps, twice: () => steps().filter((step, i, all) => all.indexOf(step) !== i) };
}

describe("signing in", () => {
  test("is done once: a cold start knows who it is before there is a network", async () => {
    const phone = startPhone({ code: codeOf("anna") });
    const claw = start(phone);
    expect(claw.user.value).toBeUndefined();
    await online(claw);
    await until("the agent is known", () =>
      claw.agents.value.some(({ id, online }) => id === "a1" && online),
    );
    const user = claw.user.value;
    expect(user?.id).toBeString();
    expect((await claw.api.me.devices.query())[0]).toMatchObject({ name: "iPhone 15", current: true });
    claw.close();

    const later = startPhone({ code: "none", storage: phone.storage });
    const again = start(later);
    expect(again.user.value).toEqual(user);
    expect(again.agents.value).toHaveLength(1);
    await online(again);
    expect(again.user.value).toEqual(user);
    expect([phone.logins(), later.logins()]).toEqual([1, 0]);
    expect(later.mostSockets()).toBe(1);
  });

  test("again when the session is over: calls and subscriptions go on, and nothing is said twice", async () => {
    const phone = startPhone({ code: codeOf("berta") });
    const claw = start(phone);
    const heard = hear(claw);
    await online(claw);
    const { id } = claw.user.value ?? { id: "nobody" };
    const { jobId } = await claw.api.chat.send.mutate({ text: "讲个故事", idempotencyKey: "berta-1" });
    const job = watchJob({ api: claw.api, close: async () => {} }, jobId);
    await until("the answer has begun", () => job.events.length > 3);

    for (let i = 0; i < MAX_DEVICES; i++) await system.signIn("berta");
    await system.gateway().kill9();
    const calls = Array.from({ length: 5 }, () => claw.api.me.get.query());
    await system.startGateway();
    expect((await Promise.all(calls)).map((me) => me.id)).toEqual(calls.map(() => id));
    await job.completed;
    expect(job.faults).toEqual([]);
    expect(job.end()).toMatchObject({ t: "done", text: ANSWER });
    await until("the feed tells of the end", () => heard.steps().includes(`${jobId} done`));
    expect(heard.twice()).toEqual([]);
    expect(phone.logins()).toBe(2);
    expect(phone.mostSockets()).toBeLessThanOrEqual(2);
  }, 30_000);

  test("no more on a device that was removed, until somebody there asks for it; then all goes on", async () => {
    const phone = startPhone({ code: codeOf("bruno") });
    const claw = start(phone);
    const heard = hear(claw);
    await online(claw);
    const userId = claw.user.value?.id;
    const { jobId } = await claw.api.chat.send.mutate({ text: "讲个故事", idempotencyKey: "bruno-1" });
    const job = watchJob({ api: claw.api, close: async () => {} }, jobId);
    await until("the answer has begun", () => job.events.length > 3);
    const tablet = start(startPhone({ code: codeOf("bruno") }));
    const device = (await claw.api.me.devices.query()).find(({ current }) => current);
    await tablet.api.me.revokeDevice.mutate({ id: device?.id ?? "" });
    await until("the phone knows", () => claw.removed.value);
    expect([claw.user.value, phone.storage.get("session-token")]).toEqual([undefined, ""]);
    expect(claw.trouble.value).toContain("已被移除");
    const written = claw.outbox.send({ thread: "new-5", text: "没有登录时写的" });

    // Whatever makes a phone try again, and a cold start.
    await until("it is offline", () => claw.connection.value === "offline");
    const sockets = phone.sockets();
    for (const isConnected of [false, true]) phone.setNetwork(isConnected);
    phone.hide();
    phone.show();
    claw.reconnect();
    const refused: unknown = await claw.api.me.get.query().catch((error: unknown) => error);
    expect(errorText(refused)).toBe(claw.trouble.value ?? "");
    expect([phone.sockets(), phone.logins()]).toEqual([sockets, 1]);
    const colder = startPhone({ code: codeOf("bruno"), storage: phone.storage });
    const restarted = start(colder);
    expect([restarted.removed.value, restarted.user.value]).toEqual([true, undefined]);
    expect(restarted.outbox.messages.value.map(({ key }) => key)).toEqual([written.key]);
    await until("it is offline, too", () => restarted.connection.value === "offline");
    expect([colder.sockets(), colder.logins()]).toEqual([0, 0]);
    restarted.close();

    claw.signInAgain();
    await online(claw);
    expect([claw.removed.value, claw.trouble.value, claw.user.value?.id]).toEqual([false, undefined, userId]);
    await job.completed;
    expect(job.faults).toEqual([]);
    expect(job.end()).toMatchObject({ t: "done", text: ANSWER });
    await until("what was written has gone", () => claw.outbox.messages.value.length === 0);
    expect(claw.outbox.conversationOf("new-5")).toBeString();
    await until("the feed tells of the end", () => heard.steps().includes(`${jobId} done`));
    expect(heard.twice()).toEqual([]);
    expect(phone.logins()).toBe(2);
    expect(await tablet.api.me.devices.query()).toHaveLength(2);
  }, 30_000);

  test("no more when the device was removed while it was off: that is found out at the next start", async () => {
    const phone = startPhone({ code: codeOf("boris") });
    const claw = start(phone);
    await online(claw);
    const device = (await claw.api.me.devices.query()).find(({ current }) => current);
    claw.close();
    const other = system.client(await system.signIn("boris"));
    await other.api.me.revokeDevice.mutate({ id: device?.id ?? "" });

    const later = startPhone({ code: codeOf("boris"), storage: phone.storage });
    later.setNetwork(false);
    const again = start(later);
    expect([again.removed.value, again.user.value?.id]).toEqual([false, claw.user.value?.id]);
    const asked = again.api.me.setProfile.mutate({ name: "谁" }).catch((error: unknown) => error);
    later.setNetwork(true);
    expect(errorText(await asked)).toContain("已被移除");
    expect([again.removed.value, again.user.value, later.logins()]).toEqual([true, undefined, 0]);
    again.signInAgain();
    await online(again);
    expect(later.logins()).toBe(1);
  }, 20_000);

  test("with a token that is good no longer at the start: a call hears nothing of it", async () => {
    const storage = new Map<string, unknown>([["session-token", "forged"]]);
    const phone = startPhone({ code: codeOf("carla"), storage });
    const claw = start(phone);
    const [me, profile] = await Promise.all([
      claw.api.me.get.query(),
      claw.api.me.setProfile.mutate({ name: "卡拉" }),
    ]);
    expect(profile).toMatchObject({ id: me.id, name: "卡拉" });
    await online(claw);
    expect(phone.logins()).toBe(1);
    expect(storage.get("session-token")).not.toBe("forged");
  });

  test("refused: it says why, asks seldom, and goes on when it is taken", async () => {
    const phone = startPhone({ code: "stolen" });
    const claw = start(phone);
    await until("the trouble is told", () => claw.trouble.value !== undefined);
    expect(claw.trouble.value).toMatch(/\p{Script=Han}/u);
    await Bun.sleep(STORM_WINDOW_MS);
    expect(claw.connection.value).toBe("offline");
    expect(phone.logins()).toBeLessThan(6);
    phone.become(codeOf("doris"));
    claw.reconnect();
    await online(claw);
    expect(claw.trouble.value).toBeUndefined();
  }, 20_000);

  test("inside WeCom: with WeCom's own code, as the member", async () => {
    const claw = start(startPhone({ code: "member-zhang.san", inWecom: true }));
    await online(claw);
    const again = start(startPhone({ code: "member-zhang.san", inWecom: true }));
    await online(again);
    expect(again.user.value?.id).toBe(claw.user.value?.id ?? "none");
  });
});

describe("a connection", () => {
  test("that breaks in the middle of an answer: each event once", async () => {
    const phone = startPhone({ code: codeOf("emma") });
    const claw = start(phone);
    const heard = hear(claw);
    await online(claw);
    const { jobId } = await claw.api.chat.send.mutate({ text: "讲个故事", idempotencyKey: "emma-1" });
    const job = watchJob({ api: claw.api, close: async () => {} }, jobId);
    await until("the answer has begun", () => job.events.length > 3);
    await system.gateway().kill9();
    await until("the phone is offline", () => claw.connection.value === "offline");
    await system.startGateway();
    await job.completed;
    expect(job.faults).toEqual([]);
    expect(job.end()).toMatchObject({ t: "done", text: ANSWER });
    await until("the feed tells of the end", () => heard.steps().includes(`${jobId} done`));
    expect(heard.twice()).toEqual([]);
    expect(phone.logins()).toBe(1);
  }, 60_000);

  test("of a phone that slept: found dead and made anew when the app is seen again", async () => {
    const phone = startPhone({ code: codeOf("frieda") });
    const claw = start(phone);
    await online(claw);
    const before = phone.sockets();
    phone.hide();
    phone.freeze();
    phone.show();
    const seen = performance.now();
    await until(
      "there is a new socket",
      () => phone.sockets() > before && claw.connection.value === "online",
      PROBED_MS,
    );
    expect(await claw.api.me.get.query()).toMatchObject({ id: claw.user.value?.id });
    expect(performance.now() - seen).toBeLessThan(PROBED_MS);
  });

  test("that lives is kept when the app is seen again", async () => {
    const phone = startPhone({ code: codeOf("gerda") });
    const claw = start(phone);
    await online(claw);
    const before = phone.sockets();
    for (let i = 0; i < 5; i++) {
      phone.hide();
      phone.show();
    }
    await claw.api.me.get.query();
    await Bun.sleep(PROBED_MS);
    expect(phone.sockets()).toBe(before);
  }, 20_000);

  test("is left alone in the background, and made anew when the app is seen again", async () => {
    const phone = startPhone({ code: codeOf("nora") });
    const claw = start(phone);
    await online(claw);
    phone.hide();
    phone.setNetwork(false);
    const before = phone.sockets();
    await Bun.sleep(STORM_WINDOW_MS);
    expect(phone.sockets()).toBe(before);
    phone.setNetwork(true);
    phone.show();
    await online(claw);
  }, 20_000);

  test("without a network: offline after a moment, and back at once with it", async () => {
    const phone = startPhone({ code: codeOf("hanna") });
    const claw = start(phone);
    await online(claw);
    phone.setNetwork(false);
    await until("the phone is offline", () => claw.connection.value === "offline", 5_000);
    // By now the pauses between tries are longer than this.
    await Bun.sleep(3_000);
    phone.setNetwork(true);
    await until("the phone is online", () => claw.connection.value === "online", 1_000);
    expect(phone.mostSockets()).toBeLessThanOrEqual(2);
  }, 20_000);

  test("without a network: a query waits for one", async () => {
    const phone = startPhone({ code: codeOf("ida") });
    const claw = start(phone);
    await online(claw);
    phone.setNetwork(false);
    const asked = claw.api.me.get.query();
    await until("the phone is offline", () => claw.connection.value === "offline", 5_000);
    phone.setNetwork(true);
    expect(await asked).toMatchObject({ id: claw.user.value?.id });
  }, 20_000);
});

describe("two accounts that become one", () => {
  test("are one on all phones at once, which are told to show anew, and hear what that person does", async () => {
    const [phone, tablet] = [startPhone({ code: codeOf("mona") }), startPhone({ code: codeOf("mona") })];
    const [first, second] = [start(phone), start(tablet)];
    await Promise.all([online(first), online(second)]);
    const gaps = [0, 0];
    first.onGap(() => gaps.splice(0, 1, 1));
    second.onGap(() => gaps.splice(1, 1, 1));
    const heard = hear(second);
    first.setUser(await first.api.me.bind.mutate({ code: await bindingCode("mona.li") }));
    await until("both show anew", () => !gaps.includes(0));
    expect(first.user.value).toMatchObject({ bound: true });
    expect(second.user.value).toEqual(first.user.value);
    await system.wecom.sendText("mona.li", "在企业微信里问的");
    await until("the phone hears of it", () =>
      heard.events.some((event) => event.t === "job" && event.job.preview === "在企业微信里问的"),
    );
    expect([phone.logins(), tablet.logins()]).toEqual([1, 1]);
    expect(phone.mostSockets()).toBeLessThanOrEqual(2);
  }, 30_000);
});

/** The code that a member is given in answer to `/bind`. */
async function bindingCode(member: string): Promise<string> {
  const told = () => system.wecomApi.list(member).flatMap(({ content }) => /\b\d{6}\b/.exec(content) ?? []);
  await system.wecom.sendText(member, "/bind");
  await until("the code", () => told().length > 0);
  return told()[0] ?? "";
}

test("all of it runs on an old phone, whose engine has nothing of a browser", async () => {
  const npm = mkdtempSync(join(tmpdir(), "claw-npm-"));
  await buildNpm(npm);
  const engine = openOldPhone();
  const trpc = engine.load(readFileSync(join(npm, "@trpc/client/index.js"), "utf8"));
  const code = await bundleMiniprogram(join(import.meta.dir, "../../miniprogram/utils/open-claw.ts"));
  const core = engine.load(code, { "@trpc/client": trpc }) as { openClaw: typeof openClaw };
  const phone = startPhone({ code: codeOf("otto") });
  const claw = start(phone, core.openClaw);
  await online(claw);
  claw.outbox.send({ thread: "new-4", text: "你好" });
  await until("it is accepted", () => claw.outbox.conversationOf("new-4") !== undefined);
  phone.setNetwork(false);
  phone.setNetwork(true);
  expect(await claw.api.me.get.query()).toMatchObject({ id: claw.user.value?.id });
  rmSync(npm, { recursive: true });
}, 20_000);

describe("the outbox", () => {
  test("keeps what is written offline over a cold start, and sends it once and in order", async () => {
    const phone = startPhone({ code: codeOf("julia") });
    const claw = start(phone);
    await online(claw);
    phone.setNetwork(false);
    await until("the phone is offline", () => claw.connection.value === "offline", 5_000);
    claw.outbox.send({ thread: "new-1", text: "第一句" });
    claw.outbox.send({ thread: "new-1", text: "第二句" });
    const third = claw.outbox.send({ thread: "new-1", text: "第三句" });
    expect(third.state).toBe("waiting");
    expect(claw.outbox.remove(third.key)).toBe("第三句");
    claw.close();

    const again = start(startPhone({ code: codeOf("julia"), storage: phone.storage }));
    const accepted: Accepted[] = [];
    again.outbox.onAccepted((one) => accepted.push(one));
    expect(again.outbox.messages.value.map(({ text }) => text)).toEqual(["第一句", "第二句"]);
    await until("all has gone", () => again.outbox.messages.value.length === 0);
    expect(accepted.map(({ message }) => message.text)).toEqual(["第一句", "第二句"]);
    const conversation = again.outbox.conversationOf("new-1");
    expect(accepted.map(({ conversationId }) => conversationId)).toEqual([
      conversation ?? "",
      conversation ?? "",
    ]);
    expect(new Set(accepted.map(({ jobId }) => jobId)).size).toBe(2);
  }, 30_000);

  test("sends a message again whose answer was lost, and it stays one", async () => {
    const phone = startPhone({ code: codeOf("karla") });
    const claw = start(phone);
    const heard = hear(claw);
    await online(claw);
    const accepted: Accepted[] = [];
    claw.outbox.onAccepted((one) => accepted.push(one));
    const other = start(startPhone({ code: codeOf("karla") }));
    const elsewhere = hear(other);
    await online(other);
    phone.deafen();
    claw.outbox.send({ thread: "new-2", text: "你好" });
    await until("the gateway has taken it", () => elsewhere.events.length > 0);
    phone.setNetwork(false);
    phone.setNetwork(true);
    await until("it is accepted", () => accepted.length > 0, 20_000);
    await until(
      "the feed tells of the end",
      () => heard.steps().some((step) => step.endsWith("done")),
      20_000,
    );
    const conversations = await claw.api.chat.conversations.query();
    expect(conversations.map(({ id }) => id)).toEqual([accepted[0]?.conversationId ?? ""]);
    const { messages } = await claw.api.chat.history.query({ conversationId: conversations[0]?.id ?? "" });
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(accepted).toHaveLength(1);
  }, 40_000);

  test("keeps what the gateway refuses, with the reason, and lets the next one go", async () => {
    const claw = start(startPhone({ code: codeOf("lena") }));
    await online(claw);
    const long = claw.outbox.send({ thread: "new-3", text: "长".repeat(40_000) });
    const short = claw.outbox.send({ thread: "new-3", text: "短" });
    await until("the next one has gone", () => claw.outbox.conversationOf("new-3") !== undefined);
    const left = claw.outbox.messages.value;
    expect(left).toMatchObject([{ key: long.key, state: "failed" }]);
    expect(left[0]?.reason).toContain("消息太长");
    expect(left.some(({ key }) => key === short.key)).toBe(false);
    claw.outbox.retry(long.key);
    await until("it is refused again", () => claw.outbox.messages.value[0]?.state === "failed");
    expect(claw.outbox.remove(long.key)).toHaveLength(40_000);
  });
});
