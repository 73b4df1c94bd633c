import type { Hono } from "hono";
import * as v from "valibot";
import { pause } from "../../backoff.ts";
import type { JobStatus } from "../../contract/job.ts";
import type { Logger } from "../../log.ts";
import type { WecomConfig } from "../config.ts";
import type { JobRecord } from "../jobs/job-record.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { Links } from "../link/links.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Hub } from "../redis/hub.ts";
import { wecomKeys } from "../redis/keys.ts";
import { whileLeased } from "../redis/lease.ts";
import type { RestartWatch } from "../redis/restart-watch.ts";
import { workOff } from "../redis/work-queue.ts";
import type { TaskChange, Tasks } from "../tasks/tasks.ts";
import type { Bindings } from "../users/bindings.ts";
import type { Chat } from "../users/chat.ts";
import type { Feed } from "../users/feed.ts";
import type { Users } from "../users/users.ts";
import { openWecomApi, type WecomApi } from "./api.ts";
import { wecomCallback } from "./callback.ts";
import { openChannelConversation } from "./conversation.ts";
import { openWecomCrypto } from "./crypto.ts";
import { countDead, type DeadLetterCount } from "./dead-letters.ts";
import { WecomInbound } from "./inbound-message.ts";
import { openInbox } from "./inbox.ts";
import { openOutbox } from "./outbox.ts";
import { type Problem, readProblem } from "./problem.ts";
import { receive, WECOM } from "./receive.ts";
import { runSender } from "./sender.ts";
import { tellMember, tellThinking } from "./tell.ts";
import { tellTask } from "./tell-task.ts";

const LOOK_FOR_NOTICES_MS = 500;
/** Callbacks that come together are read together; nobody notices so short a wait before an answer. */
const GATHER_MS = 5;

/** The WeCom app: callbacks in, messages out. */
export interface WecomChannel {
  callback: Hono;
  /** To be told of every change of a turn that came in here. */
  jobChanged(job: JobRecord, status: JobStatus): Promise<void>;
  /** To be told of every change of a task that was created here. */
  taskChanged(change: TaskChange): Promise<void>;
  /** See `WecomApi`. */
  memberOf: WecomApi["memberOf"];
  /** Handles the inbox, sends what is in the outbox, reminds of slow answers; one gateway at a time does. */
  run(signal: AbortSignal): Promise<void>;
  /** What an administrator must mend before messages get out; null: nothing. */
  problem(): Promise<Problem | null>;
  /** What was given up, for an administrator to look at. */
  deadLetters(): Promise<DeadLetterCount>;
}

export function openWecomChannel(parts: {
  config: WecomConfig;
  redis: RedisClient;
  hub: Hub;
  restarts: RestartWatch;
  jobs: JobStore;
  users: Users;
  bindings: Bindings;
  feed: Feed;
  chat: Chat;
  tasks: Tasks;
  links: Links;
  agentIds: readonly string[];
  gatewayId: string;
  log: Logger;
}): WecomChannel {
  const { config, redis, hub, restarts, jobs, users, bindings, feed, chat, tasks, links } = parts;
  const { agentIds, gatewayId, log } = parts;
  const { corpId, agentId, secret, token, aesKey, apiBase } = config;
  const inbox = openInbox(redis, restarts);
  const outbox = openOutbox(redis);
  const api = openWecomApi({ redis, apiBase, corpId, secret, agentId: Number(agentId) });
  const conversation = openChannelConversation({ redis, chat, users, channel: WECOM });
  const services = { jobs, users, bindings, feed, chat, tasks, links };
  const context = { channel: WECOM, redis, agentIds, conversation, outbox, log, ...services };

  const handleInbox = (signal: AbortSignal) =>
    workOff({
      redis,
      hub,
      restarts,
      key: wecomKeys.inbox,
      log,
      signal,
      gatherMs: GATHER_MS,
      read: (fields) => parseInbound(fields["m"]),
      // A member's messages are handled in the order in which they came.
      group: ({ member }) => member,
      async handle(id, message) {
        await inbox.quiet(signal);
        if (message) await receive(context, message);
        else log.error("收件箱中有无法识别的内容，已跳过", { id });
      },
    });

  const remind = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      await tellThinking(context, (jobId) => jobs.find(jobId));
      await pause(LOOK_FOR_NOTICES_MS, signal);
    }
  };

  return {
    callback: wecomCallback({
      crypto: openWecomCrypto({ token, aesKey, receiveId: corpId }),
      corpId,
      agentId,
      accept: (message) => inbox.accept(message),
      log,
    }),
    jobChanged: (job, status) => tellMember(context, job, status),
    taskChanged: (change) => tellTask(context, change),
    memberOf: api.memberOf,
    run: (signal) =>
      whileLeased({ redis, key: wecomKeys.lease, owner: gatewayId, log, signal }, (leased) =>
        together(leased, [handleInbox, (stop) => runSender({ redis, hub, api, log, signal: stop }), remind]),
      ),
    problem: async () => (await readProblem(redis)) ?? null,
    deadLetters: () => countDead(redis),
  };
}

function parseInbound(json: string | undefined): WecomInbound | undefined {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), WecomInbound), json);
  return result.success ? result.output : undefined;
}

/** Does several things until the signal aborts; when one of them fails, the others are stopped, and it throws. */
async function together(
  signal: AbortSignal,
  works: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const results = await Promise.allSettled(
    works.map(async (work) => {
      try {
        await work(stop);
      } finally {
        failed.abort();
      }
    }),
  );
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
