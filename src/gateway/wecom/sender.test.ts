import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openSending, type Sending, until } from "../../../dev/wecom-sending.ts";
import { wecomKeys } from "../redis/keys.ts";
import type { WecomMessages } from "./api.ts";

let at: Sending;
beforeEach(async () => {
  at = await openSending();
});
afterEach(() => at.close());

describe("in order", () => {
  test("a member's messages go out one after the other, in the order in which they were added", async () => {
    const numbers = Array.from({ length: 25 }, (_, i) => `第 ${i} 段`);
    await at.add("zhangsan", ...numbers);
    at.start();
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(numbers);
    expect(await at.redis.llen(wecomKeys.outbox("zhangsan"))).toBe(0);
  });

  test("what is added while the sender is idle goes out at once", async () => {
    at.start();
    await at.add("zhangsan", "先");
    await until(at.isEmpty);
    const started = performance.now();
    await at.add("zhangsan", "后");
    await until(() => at.wecom.list("zhangsan").length === 2);
    expect(performance.now() - started).toBeLessThan(500);
  });

  test("pieces keep their order under retries of every kind", async () => {
    const pieces = Array.from({ length: 12 }, (_, i) => `第 ${i} 段`);
    await at.add("zhangsan", ...pieces);
    for (const fault of [
      -1,
      "reset",
      "deliver-then-reset",
      45009,
      "http-500",
      60020,
      "deliver-then-http-500",
    ] as const)
      at.wecom.failNext(fault);
    at.start();
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(pieces);
  });

  test("many members are served at once, up to the limit", async () => {
    let now = 0;
    let most = 0;
    const slow: WecomMessages = {
      updateCard: () => Promise.resolve(),
      async sendMessage() {
        most = Math.max(most, ++now);
        await Bun.sleep(10);
        now--;
        return { messageId: "1" };
      },
    };
    for (let i = 0; i < 40; i++) await at.add(`user${i}`, "一", "二");
    at.start({ members: 8 }, slow);
    await until(at.isEmpty);
    expect(most).toBe(8);
  });

  test("a member that always fails does not hold up the others", async () => {
    at.wecom.failNext("hang", 1_000, { member: "stuck" });
    at.wecom.failNext(99999, 1_000, { member: "odd" });
    at.wecom.failNext(60011, 1_000, { member: "unseen" });
    at.wecom.rejectMember("gone");
    for (const member of ["stuck", "odd", "unseen", "gone"]) await at.add(member, "一", "二");
    for (let i = 0; i < 30; i++) await at.add(`user${i}`, "一", "二");
    at.start({ members: 6 });
    await until(() => at.wecom.sent().length === 60);
    expect(await at.redis.llen(wecomKeys.outbox("stuck"))).toBe(2);
    expect(await at.redis.llen(wecomKeys.outbox("odd"))).toBe(2);
    expect(await at.redis.llen(wecomKeys.outbox("gone"))).toBe(0);
  });
});

describe("equal texts", () => {
  test("all arrive, and look equal", async () => {
    await at.add("zhangsan", ...Array.from({ length: 10 }, () => "好的"));
    await at.add("lisi", "好的");
    at.start();
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(Array.from({ length: 10 }, () => "好的"));
    expect(at.wecom.list("zhangsan")[0]?.content).toBe("好的");
    expect(at.wecom.list("lisi")[0]?.content).toBe("好的");
    expect(at.sends().every((call) => call.outcome === "delivered")).toBe(true);
  });

  test("a retry of one of them sends the same bytes and is swallowed", async () => {
    await at.add("zhangsan", "好的", "好的", "好的");
    at.wecom.failNext("deliver-then-hang", 1);
    at.start();
    await until(() => at.sends().length >= 2);
    at.wecom.failNext("deliver-then-reset", 2);
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(["好的", "好的", "好的"]);
    expect(at.sends().filter((call) => call.outcome === "duplicate").length).toBe(3);
  });
});

describe("pacing", () => {
  test("at most so many a minute: the next waits until the first is a minute old", async () => {
    await at.add("zhangsan", "一", "二", "三", "四", "五");
    await at.add("lisi", "一");
    at.start({ perMinute: 3 });
    await until(async () => Number(await at.redis.zscore(wecomKeys.due, "zhangsan")) > Date.now());
    expect(at.delivered("zhangsan")).toEqual(["一", "二", "三"]);
    expect(at.delivered("lisi")).toEqual(["一"]);
    const first = Number((await at.redis.zrange(wecomKeys.pace("zhangsan"), "0", "0", "WITHSCORES"))[1]);
    expect(Number(await at.redis.zscore(wecomKeys.due, "zhangsan"))).toBe(first + 60_000);
    await letTimePass("zhangsan", 60_000);
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(["一", "二", "三", "四", "五"]);
  });

  test("at most so many an hour", async () => {
    await at.add("zhangsan", "一", "二", "三");
    at.start({ perHour: 2 });
    await until(
      async () => Number(await at.redis.zscore(wecomKeys.due, "zhangsan")) > Date.now() + 3_500_000,
    );
    await letTimePass("zhangsan", 3_600_000);
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(["一", "二", "三"]);
  });

  test("a pause of the whole app also stops a member that is being served", async () => {
    const times: number[] = [];
    const pausing: WecomMessages = {
      updateCard: () => Promise.resolve(),
      async sendMessage() {
        if (times.push(performance.now()) === 1) await at.redis.set(wecomKeys.hold, "1", "PX", 200);
        return { messageId: "1" };
      },
    };
    await at.add("zhangsan", "一", "二");
    at.start({}, pausing);
    await until(() => times.length === 2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(195);
  });

  test("by default nothing is dropped by WeCom", async () => {
    await at.add("zhangsan", ...Array.from({ length: 40 }, (_, i) => `${i}`));
    at.start();
    await until(async () => Number(await at.redis.zscore(wecomKeys.due, "zhangsan")) > Date.now());
    expect(at.wecom.list("zhangsan")).toHaveLength(28);
    expect(at.sends().some((call) => call.outcome === "too-many")).toBe(false);
  });

  /** Moves what was recorded for the member into the past. */
  async function letTimePass(member: string, ms: number): Promise<void> {
    const { redis } = at;
    const entries = await redis.zrange(wecomKeys.pace(member), "0", "-1");
    for (const entry of entries) await redis.zincrby(wecomKeys.pace(member), -ms, entry);
    await redis.zincrby(wecomKeys.due, -ms, member);
    await redis.publish(wecomKeys.due, "1");
  }
});

test("works on a Cluster", async () => {
  const cluster = await openSending({ cluster: true });
  try {
    cluster.wecom.failNext(40058);
    await cluster.add("zhangsan", "坏", "好", "好");
    cluster.start();
    await until(cluster.isEmpty);
    expect(cluster.delivered("zhangsan")).toEqual(["好", "好"]);
  } finally {
    await cluster.close();
  }
}, 15_000);
