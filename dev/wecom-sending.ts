import { configureSync, getLogger, type LogRecord } from "@logtape/logtape";
import { openRedis } from "../src/gateway/redis/connect.ts";
import { openHub } from "../src/gateway/redis/hub.ts";
import { wecomKeys } from "../src/gateway/redis/keys.ts";
import { openWecomApi, type WecomMessages } from "../src/gateway/wecom/api.ts";
import { openOutbox } from "../src/gateway/wecom/outbox.ts";
import { runSender, type SenderLimits } from "../src/gateway/wecom/sender.ts";
import { startTestRedis } from "./redis-for-tests.ts";
import { startWecomApi } from "./wecom-api.ts";

const APP = { corpId: "ww-corp", secret: "S3cret", agentId: 1000002 };
/** So that a test sees several retries in well under a second. */
const FAST: Partial<SenderLimits> = {
  configurationRetryMs: 100,
  tooOftenPauseMs: 150,
  firstRetryMs: 20,
  maxRetryMs: 80,
};
const ANSWER_TIMEOUT_MS = 250;
const UNTIL_TIMEOUT_MS = 5_000;

export interface RunningSender {
  /** Asks it to stop; `done` tells when it has. */
  stop: AbortController;
  done: Promise<void>;
}

/** An outbox on a real Redis, the WeCom stand-in, and senders between them, for tests. */
export type Sending = Awaited<ReturnType<typeof openSending>>;

export async function openSending(redisOptions: { cluster?: boolean } = {}) {
  const server = await startTestRedis(redisOptions);
  const redis = openRedis(server.url, "commands");
  const subscriber = openRedis(server.url, "subscriber");
  const hub = openHub(subscriber);
  const wecom = await startWecomApi({ ...APP, now: () => Date.now() + ahead });
  const outbox = openOutbox(redis);
  const logged = captureLog();
  const senders: RunningSender[] = [];
  let count = 0;
  let ahead = 0;

  const openApi = (answerTimeoutMs = ANSWER_TIMEOUT_MS): WecomMessages =>
    openWecomApi({ redis, apiBase: wecom.url, ...APP, answerTimeoutMs });

  function start(limits: Partial<SenderLimits> = {}, api: WecomMessages = openApi()): RunningSender {
    const stop = new AbortController();
    const log = getLogger(["sending"]);
    const all = { ...FAST, ...limits };
    const sender = { stop, done: runSender({ redis, hub, api, log, signal: stop.signal, limits: all }) };
    senders.push(sender);
    return sender;
  }

  /** Adds these texts in one step. */
  async function add(member: string, ...contents: string[]): Promise<void> {
    const messages = contents.map((content) => ({
      id: `m${count++}`,
      member,
      type: "text" as const,
      content,
    }));
    if ((await outbox.addAll(messages)) !== contents.length) throw new Error("not added");
  }

  return {
    app: APP,
    server,
    redis,
    wecom,
    logged,
    outbox,
    start,
    add,
    openApi,
    /** WeCom's clock goes on. */
    letWecomAge: (ms: number) => (ahead += ms),
    /** What the member sees. */
    delivered: (member: string) =>
      wecom.list(member).map(({ content }) => content.replace(/[\u200B\u200C]/g, "")),
    /** Every call of message/send. */
    sends: () => wecom.calls("message/send"),
    /** Every call of message/update_template_card. */
    updates: () => wecom.calls("message/update_template_card"),
    /** Nothing is left to be sent. */
    isEmpty: async () => (await redis.zcard(wecomKeys.due)) === 0,
    async close() {
      for (const sender of senders) sender.stop.abort();
      await Promise.all(senders.map((sender) => sender.done));
      await wecom.stop();
      redis.disconnect();
      subscriber.disconnect();
      await server.stop();
    },
  };
}

/** Waits until it is so, up to 5 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + UNTIL_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`waited ${UNTIL_TIMEOUT_MS} ms in vain`);
    await Bun.sleep(2);
  }
}

function captureLog(): LogRecord[] {
  const records: LogRecord[] = [];
  configureSync({
    reset: true,
    sinks: { memory: (record) => records.push(record) },
    loggers: [
      { category: ["sending"], sinks: ["memory"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
    ],
  });
  return records;
}
