import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  openWecomChannelForTests,
  type WecomChannelUnderTest,
} from "../../../dev/wecom-channel-for-tests.ts";
import type { Order } from "../../contract/job.ts";
import { agentKeys } from "../redis/keys.ts";

let at: WecomChannelUnderTest;
beforeAll(async () => {
  at = await openWecomChannelForTests();
});
afterAll(() => at.close());

/** The jobs that wait for the agent, in order. */
async function queuedJobs(): Promise<string[]> {
  const entries = await at.redis.xrange(agentKeys("a1").orders, "-", "+");
  const orders = entries.map(([, fields]) => JSON.parse(fields[1] ?? "") as Order);
  return orders.flatMap((order) => (order.t === "run" ? [order.job.id] : []));
}

test("answers that both ended while no gateway ran come in the order of their questions", async () => {
  await at.say("m", "一");
  await at.say("m", "二");
  await at.until(async () => (await queuedJobs()).length === 2);
  await at.until(async () => (await at.redis.xlen(agentKeys("a1").changes)) === 0);
  await at.stopRunning();
  const [one = "", two = ""] = await queuedJobs();
  // One more change makes the first the slower of the two, if they are told at the same time.
  await at.agentSays(one, { t: "started" });
  await at.agentSays(one, { t: "done", text: "答一" });
  await at.agentSays(two, { t: "done", text: "答二" });
  at.startRunning();
  await at.until(() => at.seen("m").length === 2);
  expect(at.seen("m")).toEqual(["答一", "答二"]);
});
