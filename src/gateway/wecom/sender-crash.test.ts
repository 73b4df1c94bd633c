import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openSending, type Sending, until } from "../../../dev/wecom-sending.ts";
import { wecomKeys } from "../redis/keys.ts";
import type { WecomMessages } from "./api.ts";

let at: Sending;
beforeEach(async () => {
  at = await openSending();
});
afterEach(() => at.close());

describe("stops and crashes", () => {
  test("on a stop the request in flight is finished, and no other begins", async () => {
    let answer = () => {};
    let calls = 0;
    const slow: WecomMessages = {
      updateCard: () => Promise.resolve(),
      sendMessage: () => {
        calls++;
        return new Promise((resolve) => (answer = () => resolve({ messageId: "1" })));
      },
    };
    await at.add("zhangsan", "一", "二");
    const sender = at.start({}, slow);
    await until(() => calls === 1);
    sender.stop.abort();
    answer();
    await sender.done;
    expect(calls).toBe(1);
    expect(await at.redis.llen(wecomKeys.outbox("zhangsan"))).toBe(1);
  });

  test("a request that does not end in time is given up; the next sender repeats it, delivered once", async () => {
    await at.add("zhangsan", "一");
    at.wecom.failNext("deliver-then-hang");
    const sender = at.start({ drainMs: 50, firstRetryMs: 60_000, maxRetryMs: 60_000 }, at.openApi(60_000));
    await until(() => at.sends().length === 1);
    const started = performance.now();
    sender.stop.abort();
    await sender.done;
    expect(performance.now() - started).toBeLessThan(1_000);
    at.start();
    await until(at.isEmpty);
    expect(at.delivered("zhangsan")).toEqual(["一"]);
    expect(at.sends().map((call) => call.outcome)).toEqual(["delivered", "duplicate"]);
  });

  test("two senders at once deliver each message once, in order", async () => {
    const contents = Array.from({ length: 20 }, (_, i) => `第 ${i} 段`);
    for (const member of ["a", "b", "c"]) await at.add(member, ...contents);
    at.start({ perMinute: 1_000 });
    at.start({ perMinute: 1_000 });
    await until(at.isEmpty);
    for (const member of ["a", "b", "c"]) expect(at.delivered(member)).toEqual(contents);
  });

  test.each(["hang", "deliver-then-hang"] as const)(
    "a process killed during a request (%s): the next one delivers exactly once, in order",
    async (fault) => {
      await at.add("zhangsan", "一", "一", "三");
      await at.add("lisi", "甲", "乙");
      at.wecom.failNext(fault, 2);
      const child = Bun.spawn({
        cmd: [
          process.execPath,
          new URL("../../../dev/wecom-sender-process.ts", import.meta.url).pathname,
          at.server.url,
          JSON.stringify({ apiBase: at.wecom.url, ...at.app }),
        ],
        stdout: "ignore",
      });
      try {
        await until(() => at.sends().length === 2);
      } finally {
        child.kill("SIGKILL");
        await child.exited;
      }
      expect(at.wecom.sent()).toHaveLength(fault === "hang" ? 0 : 2);
      at.start();
      await until(at.isEmpty);
      expect(at.delivered("zhangsan")).toEqual(["一", "一", "三"]);
      expect(at.delivered("lisi")).toEqual(["甲", "乙"]);
    },
  );
});
