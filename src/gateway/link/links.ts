import { createHash, timingSafeEqual } from "node:crypto";
import type { AgentReport } from "../../contract/presence.ts";
import type { AgentPresence } from "../../contract/presence.ts";
import type { LinkedAgent, LinkGreeting } from "../../contract/link-api.ts";
import { refusal } from "../../contract/refusal.ts";
import type { Logger } from "../../log.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { agentKeys } from "../redis/keys.ts";
import { script } from "../redis/script.ts";

/** An agent whose gateway died counts as online this long. */
const LINK_TTL_MS = 8_000;
const RENEW_EVERY_MS = 2_500;

/** An open link. `signal` aborts when it has closed or a newer one took over. */
export interface Link {
  agent: LinkedAgent;
  signal: AbortSignal;
  /** Gives the agent free again. Safe to call twice. */
  close(): void;
}

export interface Links {
  /** @throws refusal `key-refused`, or `agent-id-in-use` while another machine is connected with the same id */
  open(greeting: LinkGreeting): Promise<Link>;
  report(agent: LinkedAgent, report: AgentReport): Promise<void>;
  presence(agentId: string): Promise<AgentPresence>;
  /** Resolves when Redis knows of every link that was closed. */
  settled(): Promise<void>;
}

// KEYS: epoch, link, superseded, presence, instance. ARGV: instance, now (ms), ttl (ms). The clock is the floor of the
// epoch, so that it rises even when Redis has lost the last one. A second machine with the same id is refused; the same
// one coming back is not.
const claim = script(`
local held = redis.call('HGET', KEYS[2], 'instance')
if held and held ~= ARGV[1] then return false end
local epoch = math.max(tonumber(redis.call('GET', KEYS[1]) or '0') + 1, tonumber(ARGV[2]))
epoch = string.format('%.0f', epoch)
redis.call('SET', KEYS[1], epoch)
redis.call('HSET', KEYS[5], 'linked', ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'instance', ARGV[1], 'epoch', epoch, 'since', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', KEYS[3], epoch)
redis.call('PUBLISH', KEYS[4], '')
return epoch`);

// KEYS: epoch, link. ARGV: epoch, instance, since, ttl (ms). Also makes it anew after Redis was away too long.
const renew = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'instance', ARGV[2], 'epoch', ARGV[1], 'since', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1`);

// KEYS: link, presence. ARGV: epoch[, report]
const leave = script(`
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', KEYS[2], '')
return 1`);
const setReport = script(`
local link = redis.call('HMGET', KEYS[1], 'epoch', 'report')
if link[1] ~= ARGV[1] or link[2] == ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'report', ARGV[2])
redis.call('PUBLISH', KEYS[2], '')
return 1`);

export function openLinks(options: {
  redis: RedisClient;
  hub: Hub;
  /** Agent id → key. */
  agents: ReadonlyMap<string, string>;
  log: Logger;
  renewEveryMs?: number;
}): Links {
  const { redis, hub, agents, log, renewEveryMs = RENEW_EVERY_MS } = options;
  const leaving = new Set<Promise<unknown>>();

  return {
    async open({ agentId, key, instance }) {
      const expected = agents.get(agentId);
      if (expected === undefined || !sameText(expected, key)) {
        log.warn("智能体连接被拒绝：编号或密钥不对", { agentId });
        throw refusal(
          "key-refused",
          "智能体编号或密钥不对，请核对网关的 agents 与本机的 agent.id、agent.key",
        );
      }
      const keys = agentKeys(agentId);
      const since = Date.now();
      const epoch = await claim(
        redis,
        [keys.epoch, keys.link, keys.superseded, keys.presence, keys.instance],
        [instance, since, LINK_TTL_MS],
      );
      if (epoch === null) {
        log.warn("智能体连接被拒绝：另一台机器正以同一编号在线", { agentId });
        throw refusal("agent-id-in-use", "另一台机器正以同一智能体编号在线，请给每台机器不同的编号");
      }
      return await keep({ id: agentId, epoch: Number(epoch) }, instance, since);
    },

    async report(agent, report) {
      const { link, presence } = agentKeys(agent.id);
      await setReport(redis, [link, presence], [agent.epoch, JSON.stringify(report)]);
    },

    settled,

    async presence(agentId) {
      const { since, report } = await redis.hgetall(agentKeys(agentId).link);
      if (since === undefined) return { id: agentId, online: false };
      const told = report === undefined ? {} : (JSON.parse(report) as AgentReport);
      return { id: agentId, online: true, since: Number(since), ...told };
    },
  };

  async function settled(): Promise<void> {
    await Promise.all(leaving);
  }

  async function keep(agent: LinkedAgent, instance: string, since: number): Promise<Link> {
    const keys = agentKeys(agent.id);
    const ended = new AbortController();
    const end = (why: string) => {
      if (ended.signal.aborted) return;
      clearInterval(timer);
      ended.abort();
      log.info(why, { agentId: agent.id, epoch: agent.epoch });
    };
    const renewNow = async () => {
      const mine = await renew(redis, [keys.epoch, keys.link], [agent.epoch, instance, since, LINK_TTL_MS]);
      if (mine === 0) end("智能体的连接已被新的连接取代");
    };
    const timer = setInterval(() => {
      renewNow().catch((error: unknown) => log.warn("续期智能体在线状态失败", { agentId: agent.id, error }));
    }, renewEveryMs);
    const close = () => {
      if (ended.signal.aborted) return;
      end("智能体已断开");
      const left = leave(redis, [keys.link, keys.presence], [agent.epoch])
        .catch((error: unknown) => log.warn("登记智能体离线失败，稍后自动过期", { agentId: agent.id, error }))
        .finally(() => leaving.delete(left));
      leaving.add(left);
    };
    try {
      await hub.listen(
        keys.superseded,
        (epoch) => {
          if (epoch !== null && Number(epoch) > agent.epoch) end("智能体的连接已被新的连接取代");
        },
        ended.signal,
      );
    } catch (error) {
      // Nobody gets this link: without this it would be renewed for ever.
      close();
      throw error;
    }
    log.info("智能体已连接", { agentId: agent.id, epoch: agent.epoch });
    return { agent, signal: ended.signal, close };
  }
}

/** Compares secrets in a time that does not depend on where they differ. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
