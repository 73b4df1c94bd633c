import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openSending, type Sending, until } from "../../../dev/wecom-sending.ts";
import { wecomKeys } from "../redis/keys.ts";
import { countDead, listDead } from "./dead-letters.ts";
import { readProblem } from "./problem.ts";

let at: Sending;
const errors = () =>
  at.logged.filter((record) => record.level === "error").map((record) => record.rawMessage);

beforeEach(async () => {
  at = await openSending();
});
afterEach(() => at.close());

describe("errors", () => {
  test("60020: the message waits, the problem says what to do, and goes with the next success", async () => {
    at.wecom.failNext(60020, 1_000);
    await at.add("zhangsan", "等着");
    await at.add("lisi", "也等着");
    at.start();
    await until(() => at.sends().length >= 6);
    expect(await readProblem(at.redis)).toMatchObject({ code: 60020, ip: "203.0.113.7" });
    expect((await readProblem(at.redis))?.message).toContain("企业可信IP");
    expect(errors()).toEqual(["企业微信消息发不出去，需要管理员处理"]);
    at.wecom.failNoMore();
    await until(at.isEmpty);
    expect(at.wecom.sent()).toHaveLength(2);
    expect(await readProblem(at.redis)).toBeUndefined();
    expect(await countDead(at.redis)).toEqual({ count: 0 });
    expect(at.logged.filter((record) => record.level === "info")).toHaveLength(1);
  });

  test("a problem that changes is logged again", async () => {
    at.wecom.failNext(60020, 2);
    at.wecom.failNext(48002, 2);
    await at.add("zhangsan", "等着");
    at.start();
    await until(at.isEmpty);
    expect(errors()).toHaveLength(2);
  });

  test("a matter of configuration is tried with few calls, however many wait", async () => {
    at.wecom.failNext(40001, 1_000, { api: "gettoken" });
    for (let i = 0; i < 50; i++) await at.add(`user${i}`, "等着");
    at.start({ configurationRetryMs: 400 });
    await until(async () => (await readProblem(at.redis)) !== undefined);
    const known = performance.now();
    await until(() => performance.now() - known > 200);
    expect(at.wecom.calls("gettoken").length).toBeLessThanOrEqual(2);
    at.wecom.failNoMore();
    await until(at.isEmpty);
    expect(at.wecom.sent()).toHaveLength(50);
  });

  test("45009 pauses everybody, longer each time", async () => {
    at.wecom.failNext(45009, 2, { member: "zhangsan" });
    await at.add("zhangsan", "一");
    at.start();
    await until(() => at.sends().length === 1);
    await until(async () => (await at.redis.pttl(wecomKeys.hold)) > 0);
    await at.add("lisi", "二");
    await until(at.isEmpty);
    const [first, second] = at.sends().map((call) => call.at);
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(149);
    expect(at.delivered("lisi")).toEqual(["二"]);
    const times = at.sends().filter((call) => call.body["touser"] === "zhangsan");
    expect((times[2]?.at ?? 0) - (times[1]?.at ?? 0)).toBeGreaterThanOrEqual(299);
  });

  test("-1: tried again after a growing pause", async () => {
    at.wecom.failNext(-1, 3);
    await at.add("zhangsan", "一");
    at.start();
    await until(at.isEmpty);
    expect(at.sends().map((call) => call.errcode)).toEqual([-1, -1, -1, 0]);
  });

  test("an invalid receiver or content becomes a dead letter, and the next message goes out", async () => {
    at.wecom.failNext(0);
    at.wecom.failNext(81013);
    at.wecom.failNext(40058);
    await at.add("zhangsan", "一", "二", "三", "", "四");
    at.start();
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(["四"]);
    const dead = await listDead(at.redis, 10);
    expect(dead.map((letter) => letter.code)).toEqual([44004, 40058, 81013, 81013]);
    expect(JSON.parse(dead[3]?.item ?? "")).toMatchObject({ member: "zhangsan", content: "一" });
    expect(dead[1]?.reason).toBe("消息参数不合法（40058）");
    expect(Date.now() - (dead[0]?.at ?? 0)).toBeWithin(0, 5_000);
    expect(errors()).toHaveLength(4);
    expect(await listDead(at.redis, 1)).toHaveLength(1);
    expect(await countDead(at.redis)).toEqual({
      count: 4,
      newest: { at: dead[0]?.at ?? 0, code: 44004 },
    });
  });

  test("what is too long for WeCom becomes a dead letter, never half a message", async () => {
    await at.add("zhangsan", "汉".repeat(1_000));
    at.start();
    await until(at.isEmpty);
    expect(at.wecom.sent()).toEqual([]);
    expect((await listDead(at.redis, 1))[0]?.code).toBe(45002);
  });

  test("no answer: tried again until one comes, delivered once", async () => {
    for (const fault of ["deliver-then-hang", "reset", "html", "hang", "http-500"] as const)
      at.wecom.failNext(fault);
    await at.add("zhangsan", "一", "二");
    at.start();
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(["一", "二"]);
    expect(at.logged.filter((record) => record.level === "warning")).toHaveLength(1);
  });

  test("no answer for too long: a dead letter", async () => {
    at.wecom.failNext("reset", 1_000, { member: "zhangsan" });
    await at.add("zhangsan", "一");
    at.start({ giveUpMs: 150 });
    await until(at.isEmpty);
    expect(await listDead(at.redis, 10)).toMatchObject([{ code: undefined }]);
    expect(at.sends().length).toBeGreaterThan(2);
  });

  test("what is not a message at all is moved away", async () => {
    await at.redis.rpush(wecomKeys.outbox("zhangsan"), "{broken");
    await at.add("zhangsan", "一");
    at.start();
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(["一"]);
    expect(await listDead(at.redis, 10)).toMatchObject([{ item: "{broken", reason: "无法读取" }]);
  });
});
