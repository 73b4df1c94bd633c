import { friendlyReply, tokensOf } from "../dev/lm-studio-answer.ts";
import { openOrderAcceptor } from "../src/agent/accept-orders.ts";
import { openBell } from "../src/agent/bell.ts";
import { type JobLog, openJobLog } from "../src/agent/job-log.ts";
import { type Link, openLink } from "../src/agent/link/link.ts";
import { shipEvents } from "../src/agent/ship-events.ts";
import { openDatabase } from "../src/agent/store/database.ts";
import { openJobStore } from "../src/agent/store/job-store.ts";
import type { Job } from "../src/contract/job.ts";
import { openLog } from "../src/log.ts";
import { openDeltaWindow } from "./deltas-window.ts";
import { answerCommands } from "./load-process.ts";
import { openedSocket } from "./opened-socket.ts";

/** Sends deltas as fast as it may: through the agent's own store, job log, shipping and link, or on a raw socket. */
export interface DeltasAgent {
  linkTo(gateway: { url: string; agentId: string; key: string; dataDir: string }): Promise<void>;
  connectTo(rawRelayUrl: string): Promise<void>;
  allow(upTo: number): Promise<void>;
  /** Begins with `count` deltas, shared evenly by these jobs. */
  stream(round: { jobIds: string[]; count: number }): Promise<void>;
  streamRaw(count: number): Promise<void>;
}

const TOKENS = tokensOf(friendlyReply([{ role: "user", content: "你好" }]));
const tokenOf = (number: number) => TOKENS[number % TOKENS.length] ?? "";

const window = openDeltaWindow();
const jobs = new Map<string, PromiseWithResolvers<JobLog>>();
let raw: WebSocket | undefined;

function logOf(jobId: string): PromiseWithResolvers<JobLog> {
  const known = jobs.get(jobId) ?? Promise.withResolvers<JobLog>();
  jobs.set(jobId, known);
  return known;
}

async function linkTo({ url, agentId, key, dataDir }: Parameters<DeltasAgent["linkTo"]>[0]): Promise<void> {
  const logger = await openLog("bench", { file: undefined, json: false });
  const store = openJobStore(openDatabase(dataDir));
  const connected = Promise.withResolvers<void>();
  const never = new AbortController();

  function follow(job: Job): void {
    const added = openBell();
    const onFailure = logOf(job.id).reject;
    const log = openJobLog({ store, job, next: 0, ended: false, onAdded: added.ring, onFailure });
    shipEvents({ log, from: 0, link, added, onClosed() {}, logger, signal: never.signal }).catch(onFailure);
    logOf(job.id).resolve(log);
  }

  const link: Link = openLink({
    url,
    ca: undefined,
    greeting: { agentId, key, instance: Bun.randomUUIDv7() },
    log: logger,
    handlers: {
      onOrder(id, order) {
        const job = store.take(order);
        acceptor.taken(id);
        if (job) follow(job);
      },
      onCaughtUp() {},
      onCall() {},
      onConnected: connected.resolve,
    },
  });
  const acceptor = openOrderAcceptor({ store, link: () => link, onFailure: console.error });
  await connected.promise;
}

answerCommands({
  linkTo,
  async connectTo(url: string) {
    raw = await openedSocket(`${url}/agent`);
  },
  allow(upTo: number) {
    window.allow(upTo);
    return Promise.resolve();
  },
  async stream({ jobIds, count }: Parameters<DeltasAgent["stream"]>[0]) {
    const logs = await Promise.all(jobIds.map((jobId) => logOf(jobId).promise));
    await window.send(count, (number) => {
      logs[number % logs.length]?.add({ t: "delta", text: tokenOf(number) });
    });
    for (const log of logs) log.add({ t: "done", text: "" });
  },
  async streamRaw(count: number) {
    await window.send(count, (number) => raw?.send(tokenOf(number)));
  },
});
