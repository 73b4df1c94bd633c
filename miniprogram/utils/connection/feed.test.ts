import { expect, jest, test } from "bun:test";
import type { FeedEvent } from "../../../src/contract/feed";
import { openFeed } from "./feed";

const PAUSE_MS = 500;
type Api = Parameters<typeof openFeed>[0];
interface Handlers {
  onStarted(): void;
  onData(value: { id: string; data: FeedEvent }): void;
  onError(error: unknown): void;
  onComplete(): void;
}

/** The gateway's side of each subscription, the newest last. */
function play() {
  const subscriptions: (Handlers & { isOver: boolean })[] = [];
  const feed = {
    subscribe(_input: undefined, handlers: Handlers) {
      const subscription = { ...handlers, isOver: false };
      subscriptions.push(subscription);
      return {
        unsubscribe() {
          subscription.isOver = true;
        },
      };
    },
  };
  return { api: { feed } as unknown as Api, subscriptions };
}

const EVENT: FeedEvent = { t: "conversation-deleted", id: "a1.c" };

test("a feed that fails begins anew, and says that something may be missing once it runs", () => {
  jest.useFakeTimers();
  try {
    const { api, subscriptions } = play();
    let running = 0;
    let gaps = 0;
    const heard: FeedEvent[] = [];
    const feed = openFeed(api, () => running++);
    feed.listen((event) => heard.push(event));
    feed.onGap(() => gaps++);
    subscriptions[0]?.onStarted();
    subscriptions[0]?.onData({ id: "1-0", data: { t: "ready" } });
    subscriptions[0]?.onData({ id: "2-0", data: EVENT });
    // After a break the same subscription is started again: nothing is missing.
    subscriptions[0]?.onStarted();
    expect([running, gaps, heard]).toEqual([2, 0, [EVENT]]);

    subscriptions[0]?.onError(new Error("lastEventId 不正确"));
    expect(subscriptions).toHaveLength(1);
    jest.advanceTimersByTime(PAUSE_MS);
    expect(subscriptions).toHaveLength(2);
    expect(gaps).toBe(0);
    subscriptions[1]?.onStarted();
    expect([running, gaps]).toEqual([3, 1]);
    feed.close();
    expect(subscriptions[1]?.isOver).toBe(true);
  } finally {
    jest.useRealTimers();
  }
});

test("a listener that fails does not keep the others from hearing, and one that has left hears no more", () => {
  jest.useFakeTimers();
  try {
    const { api, subscriptions } = play();
    const feed = openFeed(api, () => {});
    const heard: string[] = [];
    feed.listen(() => {
      throw new Error("a page's mistake");
    });
    const leave = feed.listen(() => heard.push("left"));
    feed.listen(() => heard.push("stayed"));
    leave();
    subscriptions[0]?.onData({ id: "1-0", data: EVENT });
    expect(heard).toEqual(["stayed"]);
    expect(() => jest.runAllTimers()).toThrow("a page's mistake");
    feed.close();
  } finally {
    jest.useRealTimers();
  }
});
