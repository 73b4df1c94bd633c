import { expect, test } from "bun:test";
import type { ReplyEvent } from "../../src/contract/reply-event.ts";
import { type AttemptWatcher, followAttempt } from "./follow-attempt";

type Events = Parameters<typeof followAttempt>[0];
interface Open {
  input: { jobId: string; lastEventId?: string };
  handlers: { onData(frame: { id: string; data: ReplyEvent[] }): void; onError(error: Error): void };
  closed: boolean;
}

function follow() {
  const subscriptions: Open[] = [];
  const heard: unknown[] = [];
  const texts: string[] = [];
  let wake = (): void => {};
  const subscribe = (input: Open["input"], handlers: Open["handlers"]) => {
    const open: Open = { input, handlers, closed: false };
    subscriptions.push(open);
    wake();
    return { unsubscribe: () => (open.closed = true) };
  };
  const watcher: AttemptWatcher = {
    text(text) {
      texts.push(text);
      wake();
    },
    progress: (progress) => heard.push(progress),
    ended: (event, text) => heard.push([event.t, text]),
  };
  const stop = followAttempt({ subscribe } as unknown as Events, "a1.j1", watcher, {
    batchMs: 2,
    againMs: 1,
  });
  const say = (number: number, ...data: ReplyEvent[]) =>
    subscriptions.at(-1)?.handlers.onData({ id: `${number}-0`, data });
  /** The next text, or the next subscription. */
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  return { subscriptions, heard, texts, stop, say, next };
}

test("text comes in batches, and begins again after a reset", async () => {
  const { say, texts, next, subscriptions } = follow();
  expect(subscriptions[0]?.input).toEqual({ jobId: "a1.j1" });
  say(2, { t: "started" }, { t: "delta", text: "一" });
  say(3, { t: "delta", text: "二" });
  await next();
  say(5, { t: "reset" }, { t: "delta", text: "三" });
  await next();
  expect(texts).toEqual(["一二", "三"]);
});

test("progress comes at once; the end brings the whole text, once", () => {
  const { say, texts, heard, subscriptions } = follow();
  say(
    3,
    { t: "progress", note: "正在生成", percent: 40 },
    { t: "progress", note: "快了" },
    { t: "delta", text: "半" },
  );
  say(5, { t: "done", text: "全部" }, { t: "delta", text: "多余" });
  expect(heard).toEqual([{ note: "正在生成", percent: 40 }, { note: "快了" }, ["done", "全部"]]);
  expect([texts, subscriptions[0]?.closed]).toEqual([["全部"], true]);
});

test("what there was of a cancelled one stays", () => {
  const { say, heard } = follow();
  say(2, { t: "delta", text: "半" }, { t: "cancelled" });
  expect(heard).toEqual([["cancelled", "半"]]);
});

test("after an error that passes it goes on after the last event; after a refusal it does not", async () => {
  const { say, subscriptions, next } = follow();
  say(7, { t: "delta", text: "一" });
  await next();
  subscriptions[0]?.handlers.onError(new Error("socket closed"));
  await next();
  expect(subscriptions.map((one) => one.input.lastEventId)).toEqual([undefined, "7-0"]);
  const data = { code: "NOT_FOUND", httpStatus: 404, reason: "not-found" };
  subscriptions[1]?.handlers.onError(Object.assign(new Error("没有这个任务"), { data }));
  await Bun.sleep(5);
  expect(subscriptions.length).toBe(2);
});

test("whoever stops hears nothing more", async () => {
  const { say, stop, texts, heard, subscriptions } = follow();
  say(1, { t: "delta", text: "一" });
  stop();
  say(2, { t: "done", text: "一二" });
  await Bun.sleep(5);
  expect([texts, heard, subscriptions[0]?.closed]).toEqual([[], [], true]);
});
