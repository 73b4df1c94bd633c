import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import type { ReplyEvent } from "../../../src/contract/reply-event";
import { followJob } from "./follow-job";

/** No pause is longer. */
const PAUSE_MS = 15_000;
type Source = Parameters<typeof followJob>[0];
interface Handlers {
  onData(frame: { id: string; data: ReplyEvent[] }): void;
  onError(error: unknown): void;
  onComplete(): void;
}

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** @param refused what each subscription fails with before it has been handed out */
function follow(refused?: Error) {
  /** Where each subscription begins, the newest last; `closed`: how many have been ended from here. */
  const begun: (string | undefined)[] = [];
  const heard: string[] = [];
  let closed = 0;
  let gateway: Handlers | undefined;
  const subscribe = (input: { lastEventId?: string }, handlers: Handlers) => {
    begun.push(input.lastEventId);
    gateway = handlers;
    if (refused) handlers.onError(refused);
    return { unsubscribe: () => closed++ };
  };
  const stop = followJob({ subscribe } as unknown as Source, "a1.j1", {
    events: (events) => heard.push(...events.map((event) => ("text" in event ? event.text : event.t))),
    lost: () => heard.push("lost"),
  });
  const say = (number: number, ...data: ReplyEvent[]) => gateway?.onData({ id: `${number}-0`, data });
  const breakOff = (error: Error = new Error("broken")) => gateway?.onError(error);
  return { begun, heard, stop, say, breakOff, complete: () => gateway?.onComplete(), closed: () => closed };
}

const refusal = (reason: string) => Object.assign(new Error("不行"), { data: { reason } });

test("goes on after the last event, whatever it was that broke off", () => {
  const { begun, heard, say, breakOff, complete } = follow();
  say(2, { t: "started" }, { t: "delta", text: "一" });
  breakOff();
  jest.advanceTimersByTime(PAUSE_MS);
  breakOff(refusal("internal"));
  jest.advanceTimersByTime(PAUSE_MS);
  say(3, { t: "delta", text: "二" });
  complete();
  jest.advanceTimersByTime(PAUSE_MS);
  expect(begun).toEqual([undefined, "2-0", "2-0", "3-0"]);
  expect(heard).toEqual(["started", "一", "二"]);
});

test("the pauses grow, and begin small again when something has come", () => {
  const { begun, say, breakOff } = follow();
  for (const fullMs of [500, 1_000, 2_000]) {
    const before = begun.length;
    breakOff();
    jest.advanceTimersByTime(fullMs / 2 - 1);
    expect(begun.length).toBe(before);
    jest.advanceTimersByTime(fullMs / 2 + 1);
    expect(begun.length).toBe(before + 1);
  }
  say(1, { t: "started" });
  breakOff();
  jest.advanceTimersByTime(500);
  expect(begun.length).toBe(5);
});

test("ends with the last event, and takes nothing after it", () => {
  const { begun, heard, say, breakOff, complete, closed } = follow();
  say(1, { t: "done", text: "好" });
  expect([heard, closed()]).toEqual([["好"], 1]);
  say(2, { t: "delta", text: "多余" });
  complete();
  breakOff();
  jest.advanceTimersByTime(PAUSE_MS);
  expect([heard, begun.length]).toEqual([["好"], 1]);
});

test("is lost only if the gateway says so", () => {
  const { begun, heard, breakOff } = follow();
  breakOff(refusal("not-found"));
  jest.advanceTimersByTime(PAUSE_MS);
  expect([heard, begun.length]).toEqual([["lost"], 1]);
});

test("a refusal before the subscription has been handed out counts, too", () => {
  const { heard, begun, closed } = follow(refusal("not-found"));
  jest.advanceTimersByTime(PAUSE_MS);
  expect([heard, begun.length, closed()]).toEqual([["lost"], 1, 1]);
});

test("whoever stops hears nothing more, also in a pause", () => {
  const stopped = follow();
  stopped.stop();
  stopped.say(1, { t: "delta", text: "一" });
  expect([stopped.heard, stopped.closed()]).toEqual([[], 1]);
  const pausing = follow();
  pausing.breakOff();
  pausing.stop();
  jest.advanceTimersByTime(PAUSE_MS);
  expect(pausing.begun.length).toBe(1);
});
