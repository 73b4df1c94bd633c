import type { Order } from "../../contract/job.ts";
import type { LinkedAgent } from "../../contract/link-api.ts";
import { refusal } from "../../contract/refusal.ts";
import type { Tracked } from "../../contract/tracked.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { agentKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";
import { followStream, STREAM_START } from "../redis/stream.ts";

/** What an agent is to do, in order, after `after`; ends with the signal. */
export async function* followOrders(options: {
  redis: RedisClient;
  hub: Hub;
  agent: LinkedAgent;
  after: string | undefined;
  signal: AbortSignal;
}): AsyncGenerator<Tracked<Order>> {
  const { redis, hub, agent, after = STREAM_START, signal } = options;
  const key = agentKeys(agent.id).orders;
  for await (const [id, fields] of followStream({ redis, hub, key, after, signal })) {
    yield [id, JSON.parse(fields["order"] ?? "") as Order];
  }
}

/** Orders let go of in one step; a script must not hold up Redis. */
const ACCEPT_PAGE = 100;

// KEYS: epoch, orders, changes, then a job per accepted order. ARGV: epoch, then order id and job id by turns; the job
// id is '' for an order that begins no job.
const accept = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 2, #ARGV, 2 do
  local id, job = ARGV[i], ARGV[i + 1]
  local key = KEYS[3 + i / 2]
  if redis.call('XDEL', KEYS[2], id) == 1 and job ~= '' and redis.call('HGET', key, 'status') == 'queued' then
    redis.call('HSET', key, 'status', 'delivered')
    redis.call('XADD', KEYS[3], '*', 'job', job, 'status', 'delivered')
    redis.call('PUBLISH', KEYS[3], '')
  end
end
return 1`);

/**
 * Lets go of the orders up to `upTo`: they are on the agent's disk now.
 * @throws refusal `superseded`: a newer link is open, the agent has to say so there
 */
export async function acceptOrders(redis: RedisClient, agent: LinkedAgent, upTo: string): Promise<void> {
  const keys = agentKeys(agent.id);
  const entries = await redis.xrange(keys.orders, "-", upTo, "COUNT", ACCEPT_PAGE);
  if (entries.length === 0) return;
  const accepted = entries.map(([id, fields]) => {
    const order = JSON.parse(fields[1] ?? "") as Order;
    return { id, jobId: order.t === "run" ? order.job.id : "" };
  });
  const done = await accept(
    redis,
    [keys.epoch, keys.orders, keys.changes, ...accepted.map(({ jobId }) => keys.job(jobId))],
    [agent.epoch, ...accepted.flatMap(({ id, jobId }) => [id, jobId])],
  );
  if (done === 0) throw refusal("superseded", "同一编号的智能体已建立新的连接");
  if (entries.length === ACCEPT_PAGE) await acceptOrders(redis, agent, upTo);
}
