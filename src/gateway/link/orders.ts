import type { Order } from "../../contract/job.ts";
import type { CaughtUp, LinkedAgent, OrdersFrom } from "../../contract/link-api.ts";
import { refusal } from "../../contract/refusal.ts";
import type { Tracked } from "../../contract/tracked.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { readEarlyOrder } from "../jobs/early-order.ts";
import { CHANGE_LUA } from "../jobs/job-record.ts";
import { agentKeys, JOB_TTL_SECONDS } from "../redis/keys.ts";
import { script } from "../redis/script.ts";
import { openMailbox } from "../redis/mailbox.ts";
import { patiently } from "../redis/patiently.ts";
import { readStream, STREAM_START } from "../redis/stream.ts";

/** Orders waiting for a slow link before it is sent back to the stream. */
const MAX_WAITING_ORDERS = 64;

/** See `LinkPort.orders`. Ends with the signal. */
export async function* followOrders(options: {
  redis: RedisClient;
  hub: Hub;
  agent: LinkedAgent;
  from: OrdersFrom | undefined;
  signal: AbortSignal;
}): AsyncGenerator<Tracked<Order | CaughtUp>> {
  const { redis, hub, agent, from, signal } = options;
  const key = agentKeys(agent.id).orders;
  const mailbox = openMailbox<string | null>({ signal, limit: MAX_WAITING_ORDERS, overflow: null });
  let last = from?.lastEventId ?? STREAM_START;
  let toTell = from?.tellCaughtUp ?? false;
  const hear = (message: string | null) => {
    if (from?.early || readEarlyOrder(message) === undefined) mailbox.put(message);
  };
  try {
    await patiently(signal, () => hub.listen(key, hear, signal));
    for (let messages: (string | null)[] | undefined = [null]; messages; messages = await mailbox.take()) {
      const early = messages.map(readEarlyOrder).filter((order) => order !== undefined);
      // Together with others they would only get before those.
      if (early.length === messages.length) {
        for (const order of early) yield [last, JSON.parse(order) as Order];
        continue;
      }
      const told = messages.filter((message) => readEarlyOrder(message) === undefined).map(parseMessage);
      const orders = goesOn(told, last) ? told : await patiently(signal, () => readOrders(redis, key, last));
      for (const one of orders) {
        if (!one || !isLater(one.id, last)) continue;
        last = one.id;
        yield [one.id, JSON.parse(one.order) as Order];
      }
      // The first round has read the stream to its end.
      if (toTell) yield [last, { t: "caught-up" }];
      toTell = false;
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

// KEYS: epoch, orders, changes, life signs, instance, then a job per accepted order. ARGV: epoch, now (ms), ttl, then
// order id and job id by turns; the job id is '' for an order that begins no job. Not before this instance has taken over
// (take-over.ts): it gets its orders only then, so this is a repeat, after Redis has lost its last moments.
const accept = script(`${CHANGE_LUA}
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local instance = redis.call('HMGET', KEYS[5], 'linked', 'served')
if instance[1] ~= instance[2] then return 0 end
for i = 4, #ARGV, 2 do
  local id, job = ARGV[i], ARGV[i + 1]
  local key = KEYS[4 + i / 2]
  if redis.call('XDEL', KEYS[2], id) == 1 and job ~= '' and redis.call('HGET', key, 'status') == 'queued' then
    redis.call('HSET', key, 'status', 'delivered')
    change(key, KEYS[3], job, 'delivered')
    redis.call('ZADD', KEYS[4], ARGV[2], job)
    redis.call('EXPIRE', KEYS[4], ARGV[3])
  end
end
return 1`);

/**
 * Lets go of the orders up to `upTo`: they are on the agent's disk now.
 * @throws refusal `superseded`: a newer link is open, the agent has to say so there; or this one is not ready yet
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
    [
      keys.epoch,
      keys.orders,
      keys.changes,
      keys.lifeSigns,
      keys.instance,
      ...accepted.map(({ jobId }) => keys.job(jobId)),
    ],
    [agent.epoch, Date.now(), JOB_TTL_SECONDS, ...accepted.flatMap(({ id, jobId }) => [id, jobId])],
  );
  if (done === 0) throw refusal("superseded", "同一编号的智能体已建立新的连接");
  if (entries.length === ACCEPT_PAGE) await acceptOrders(redis, agent, upTo);
}
