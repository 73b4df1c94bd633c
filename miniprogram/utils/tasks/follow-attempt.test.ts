import { expect, jest, test } from "bun:test";
import type { ReplyEvent } from "../../../src/contract/reply-event.ts";
import { type AttemptWatcher, followAttempt } from "./follow-attempt";

const BATCH_MS = 80;
type Events = Parameters<typeof followAttempt>[0];

function follow() {
  const heard: unknown[] = [];
  const texts: string[] = [];
  let tell: (frame: { id: string; data: ReplyEvent[] }) => void = () => undefined;
  let isFollowed = false;
  const subscribe = (_input: object, handlers: { onData: typeof tell }) => {
    tell = handlers.onData;
    isFollowed = true;
    return { unsubscribe: () => (isFollowed = false) };
  };
  const watcher: AttemptWatcher = {
    text: (text) => texts.push(text),
    progress: (progress) => heard.push(progress),
    ended: (event) => heard.push(event.t),
  };
  const stop = followAttempt({ subscribe } as unknown as Events, "a1.j1", watcher);
  const say = (number: number, ...data: ReplyEvent[]) => tell({ id: `${number}-0`, data });
  return { heard, texts, stop, say, isFollowed: () => isFollowed };
}

test("text comes in batches, and begins again after a reset", () => {
  jest.useFakeTimers();
  try {
    const { say, texts } = follow();
    say(2, { t: "started" }, { t: "delta", text: "一" });
    say(3, { t: "delta", text: "二" });
    expect(texts).toEqual([]);
    jest.advanceTimersByTime(BATCH_MS);
    say(5, { t: "reset" }, { t: "delta", text: "三" });
    jest.advanceTimersByTime(BATCH_MS);
    expect(texts).toEqual(["一二", "三"]);
  } finally {
    jest.useRealTimers();
  }
});

test("progress comes at once; the end brings the whole text, once", () => {
  const { say, texts, heard, isFollowed } = follow();
  say(
    3,
    { t: "progress", note: "正在生成", percent: 40 },
    { t: "progress", note: "快了" },
    { t: "delta", text: "半" },
  );
  say(5, { t: "done", text: "全部" }, { t: "delta", text: "多余" });
  expect(heard).toEqual([{ note: "正在生成", percent: 40 }, { note: "快了" }, "done"]);
  expect([texts, isFollowed()]).toEqual([["全部"], false]);
});

test("what there was of a cancelled one stays", () => {
  const { say, heard, texts } = follow();
  say(2, { t: "delta", text: "半" }, { t: "cancelled" });
  expect([heard, texts]).toEqual([["cancelled"], ["半"]]);
});

test("whoever stops hears nothing more", () => {
  jest.useFakeTimers();
  try {
    const { say, stop, texts, heard, isFollowed } = follow();
    say(1, { t: "delta", text: "一" });
    stop();
    say(2, { t: "done", text: "一二" });
    jest.advanceTimersByTime(BATCH_MS);
    expect([texts, heard, isFollowed()]).toEqual([[], [], false]);
  } finally {
    jest.useRealTimers();
  }
});
