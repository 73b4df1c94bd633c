import type { Order } from "../../contract/job.ts";
import type { LinkedAgent } from "../../contract/link-api.ts";
import { refusal } from "../../contract/refusal.ts";
import type { Tracked } from "../../contract/tracked.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { CHANGE_LUA } from "../jobs/job-record.ts";
import { agentKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";
import { openMailbox } from "../redis/mailbox.ts";
import { patiently } from "../redis/patiently.ts";
import { readStream, STREAM_START } from "../redis/stream.ts";

/** Orders waiting for a slow link before it is sent back to the stream. */
const MAX_WAITING_ORDERS = 64;

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
  const mailbox = openMailbox<string | null>({ signal, limit: MAX_WAITING_ORDERS, overflow: null });
  let last = after;
  try {
    await patiently(signal, () => hub.listen(key, (message) => mailbox.put(message), signal));
    for (let messages: (string | null)[] | undefined = [null]; messages; messages = await mailbox.take()) {
      const told = messages.map(parseMessage);
      const orders = goesOn(told, last) ? told : await patiently(signal, () => readOrders(redis, key, last));
      for (const one of orders) {
        if (!one || !isLater(one.id, last)) continue;
        last = one.id;
        yield [one.id, JSON.parse(one.order) as Order];
      }
    }
  } catch (error) {
    // It ends with its signal wherever it waits, also for Redis.
    if (!signal.aborted) throw error;
  }
}

/** An order as the channel tells it: `<id of the one before it> <its id> <JSON>`; a mere wake-up is undefined. */
function parseMessage(message: string | null): { before: string; id: string; order: string } | undefined {
  const [, before = "", id = "", order = ""] = /^(\S+) (\S+) (.*)$/s.exec(message ?? "") ?? [];
  return id === "" ? undefined : { before, id, order };
}

/** Whether these follow each other and what was seen last, so that none was missed. */
function goesOn(told: readonly ReturnType<typeof parseMessage>[], last: string): boolean {
  let at = last;
  for (const one of told) {
    if (!one || isLater(one.before, at)) return false;
    if (isLater(one.id, at)) at = one.id;
  }
  return true;
}

async function readOrders(redis: RedisClient, key: string, after: string) {
  const orders: { id: string; order: string }[] = [];
  for (let last = after; ;) {
    const page = await readStream(redis, key, last);
    for (const [id, fields] of page) orders.push({ id, order: fields["order"] ?? "" });
    const end = page.at(-1);
    if (!end) return orders;
    last = end[0];
  }
}

/** Whether a stream's id comes after another one. */
function isLater(id: string, other: string): boolean {
  const [ms = 0, sequence = 0] = id.split("-").map(Number);
  const [otherMs = 0, otherSequence = 0] = other.split("-").map(Number);
  return ms > otherMs || (ms === otherMs && sequence > otherSequence);
}

/** Orders let go of in one step; a script must not hold up Redis. */
const ACCEPT_PAGE = 100;

// KEYS: epoch, orders, changes, life signs, then a job per accepted order. ARGV: epoch, now (ms), then order id and job id
// by turns; the job id is '' for an order that begins no job.
const accept = script(`${CHANGE_LUA}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 3, #ARGV, 2 do
  local id, job = ARGV[i], ARGV[i + 1]
  local key = KEYS[4 + (i - 1) / 2]
  if redis.call('XDEL', KEYS[2], id) == 1 and job ~= '' and redis.call('HGET', key, 'status') == 'queued' then
    redis.call('HSET', key, 'status', 'delivered')
    change(key, KEYS[3], job, 'delivered')
    if redis.call('HGET', key, 'kind') == 'task' then redis.call('ZADD', KEYS[4], ARGV[2], job) end
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
    [keys.epoch, keys.orders, keys.changes, keys.lifeSigns, ...accepted.map(({ jobId }) => keys.job(jobId))],
    [agent.epoch, Date.now(), ...accepted.flatMap(({ id, jobId }) => [id, jobId])],
  );
  if (done === 0) throw refusal("superseded", "同一编号的智能体已建立新的连接");
  if (entries.length === ACCEPT_PAGE) await acceptOrders(redis, agent, upTo);
}
