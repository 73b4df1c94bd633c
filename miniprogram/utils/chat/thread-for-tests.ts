import type { HistoryMessage, HistoryPage } from "../../../src/contract/conversation";
import type { FeedEvent } from "../../../src/contract/feed";
import type { JobStatus } from "../../../src/contract/job";
import type { ReplyEvent } from "../../../src/contract/reply-event";
import { openCell } from "../cell";
import type { ConnectionState } from "../connection/connection-state";
import { isTerminal, type JobObserver } from "../connection/follow-job";
import { openListeners } from "../listeners";
import type { Accepted, Outbox, OutgoingMessage } from "../outbox/outbox";
import type { ThreadPorts } from "./thread-ports";
import type { ThreadState } from "./thread-state";

export const CONVERSATION = "a1.c1";

/** The world around one conversation, played by the test. */
export function playWorld() {
  const messages = openCell<readonly OutgoingMessage[]>([]);
  const accepted = openListeners<Accepted>();
  const feed = openListeners<FeedEvent>();
  const connection = openCell<ConnectionState>("online");
  const became = new Map<string, string>();
  const followed = new Map<string, JobObserver>();
  const asked: {
    before: string | undefined;
    answer(page: HistoryPage): void;
    refuse(reason: string): void;
  }[] = [];
  const cancelled: string[] = [];
  const waiting: (() => void)[] = [];
  let now = Date.UTC(2025, 10, 3, 4);
  let keys = 0;

  const put = (message: OutgoingMessage) =>
    messages.set([...messages.value.filter(({ key }) => key !== message.key), message]);
  const outbox: Outbox = {
    messages,
    conversationOf: (thread) => became.get(thread) ?? (thread.startsWith("new-") ? undefined : thread),
    onAccepted: accepted.add,
    send(message) {
      const outgoing: OutgoingMessage = { ...message, key: `k${++keys}`, at: now, state: "sending" };
      put(outgoing);
      return outgoing;
    },
    retry(key) {
      const message = messages.value.find((one) => one.key === key);
      if (message) put({ ...message, state: "sending" });
    },
    remove(key) {
      const message = messages.value.find((one) => one.key === key);
      messages.set(messages.value.filter((one) => one.key !== key));
      return message?.text;
    },
  };
  const ports: ThreadPorts = {
    outbox,
    connection,
    history: (_, before) =>
      new Promise((answer, reject) => {
        const refuse = (reason: string) =>
          reject(Object.assign(new Error("没有这个会话"), { data: { reason } }));
        asked.push({ before, answer, refuse });
      }),
    follow(jobId, observer) {
      followed.set(jobId, observer);
      return () => followed.delete(jobId);
    },
    cancel(jobId) {
      cancelled.push(jobId);
      return Promise.resolve("cancelling" as const);
    },
    listen: feed.add,
    onGap: () => () => undefined,
    after(_, callback) {
      waiting.push(callback);
      return () => waiting.splice(waiting.indexOf(callback) >>> 0, 1);
    },
    now: () => now,
  };

  return {
    ports,
    outbox,
    connection,
    followed,
    asked,
    cancelled,
    feed,
    messages,
    put,
    wait(ms: number) {
      now += ms;
      for (const callback of waiting.splice(0)) callback();
    },
    /** The gateway takes the oldest message. */
    take(jobId: string) {
      const [message] = messages.value;
      if (!message) throw new Error("nothing is on its way");
      if (message.thread.startsWith("new-")) became.set(message.thread, CONVERSATION);
      accepted.tell({ message, jobId, conversationId: CONVERSATION });
      messages.set(messages.value.slice(1));
    },
    say(jobId: string, ...events: ReplyEvent[]) {
      const observer = followed.get(jobId);
      if (events.some(isTerminal)) followed.delete(jobId);
      observer?.events(events);
    },
    tellJob(jobId: string, status: JobStatus, preview = "别处问的", conversationId = CONVERSATION) {
      const job = { jobId, kind: "turn" as const, agentId: "a1", conversationId };
      feed.tell({ t: "job", job: { ...job, channel: "wecom", status, preview, createdAt: now } });
    },
    /** The history that is asked for arrives. */
    async answer(page: HistoryPage) {
      asked.shift()?.answer(page);
      await settle();
    },
    async refuse(reason: string) {
      asked.shift()?.refuse(reason);
      await settle();
    },
  };
}

/** What a promise's listeners do is done. */
async function settle() {
  for (let i = 0; i < 5; i++) await Promise.resolve();
}

let number = 0;
/** A question and its answer, as the history has them. */
export function turnOf(jobId: string, answer: Partial<HistoryMessage> = {}): HistoryMessage[] {
  const at = Date.UTC(2025, 10, 3, 3);
  return [
    { id: `${++number}`, jobId, role: "user", text: `问${jobId}`, status: "done", at },
    { id: `${++number}`, jobId, role: "assistant", text: `答${jobId}`, status: "done", at, ...answer },
  ];
}

/** Who says what, and how it stands. */
export function seen(state: ThreadState, textOf: (key: string) => { text: string }): string[] {
  return state.messages.map(
    ({ key, role, state }) => `${role === "user" ? "问" : "答"} ${state}: ${textOf(key).text}`,
  );
}
