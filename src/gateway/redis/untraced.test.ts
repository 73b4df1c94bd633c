import { expect, test } from "bun:test";
import { channel, tracingChannel } from "node:diagnostics_channel";
import { leaveUntraced } from "./untraced.ts";

test("a tracing channel says whether anybody listens", () => {
  leaveUntraced();
  leaveUntraced();
  const traced = tracingChannel("claw:test");
  expect(traced.hasSubscribers).toBe(false);
  const listener = () => {};
  channel("tracing:claw:test:asyncEnd").subscribe(listener);
  expect(traced.hasSubscribers).toBe(true);
  channel("tracing:claw:test:asyncEnd").unsubscribe(listener);
  expect(traced.hasSubscribers).toBe(false);
});
