import type { FeedEvent } from "../../../src/contract/feed";
import type { JobSummary } from "../../../src/contract/job";
import type { ReplyEvent } from "../../../src/contract/reply-event";
import { openCell } from "../cell";
import { openFollowedJobs } from "./followed-jobs";
import { openTextListeners } from "./message-text";
import { shownMessages } from "./shown-message";
import { openThreadHistory } from "./thread-history";
import type { ThreadPorts } from "./thread-ports";
import type { Thread, ThreadState } from "./thread-state";
import { end, hasEnded, takeEvent, type Turn } from "./turn";
import { openTurns } from "./turns";

/** How often the view hears of a growing answer. */
const FLUSH_MS = 100;
const LOST_TEXT = "这条回答的进展已经查不到了，请重新生成";

/** @param id a conversation's id, or a key of its own (`new-…`) for one that begins here */
export function openThread(id: string, ports: ThreadPorts): Thread {
  const { outbox, connection } = ports;
  const turns = openTurns();
  const texts = openTextListeners((key) => turns.byKey(key));
  let conversationId = outbox.conversationOf(id);
  /** Jobs of which nobody knows yet whether they are ours: messages of our own are on their way. */
  let held: JobSummary[] = [];
  let onSettled: (() => void)[] = [];
  let closed = false;
  let cancelFlush: (() => void) | undefined;
  const history = openThreadHistory(ports, turns, {
    conversationId: () => conversationId,
    whenSettled,
    loaded: followOpen,
    changed: show,
  });
  const state = openCell(snapshot());

  const jobs = openFollowedJobs(ports, {
    events: takeEvents,
    lost(jobId) {
      const answer = turns.byJob(jobId)?.answer;
      if (answer && !hasEnded(answer)) end(answer, { state: "failed", reason: LOST_TEXT });
      history.refresh();
      show();
    },
  });

  function snapshot(): ThreadState {
    const open = openAnswers();
    return {
      messages: shownMessages(turns.all, ports.now()),
      conversationId,
      history: history.state,
      reason: history.reason,
      older: history.older,
      answering: open.length > 0,
      stopping: open[0]?.answer?.stopping === true,
    };
  }

  /** Turns that are to be answered yet, in their order. */
  function openAnswers(): Turn[] {
    return turns.all.filter(({ answer }) => answer && !hasEnded(answer));
  }

  /** Now: something has been done, or has changed its state. */
  function show() {
    if (closed) return;
    state.set(snapshot());
    texts.tell();
  }

  /** In a moment, with what else comes until then. */
  function showSoon() {
    cancelFlush ??= ports.after(FLUSH_MS, () => {
      cancelFlush = undefined;
      show();
    });
  }

  function takeEvents(jobId: string, events: readonly ReplyEvent[]) {
    const turn = turns.byJob(jobId);
    if (!turn?.answer) return;
    for (const event of events) takeEvent(turn.answer, event, ports.now());
    if (hasEnded(turn.answer)) show();
    else showSoon();
  }

  function followOpen() {
    for (const { jobId } of openAnswers()) if (jobId !== undefined) jobs.follow(jobId);
    // What the history says to have ended needs no following; deleted ones neither.
    for (const { jobId, answer } of turns.all)
      if (jobId !== undefined && hasEnded(answer)) jobs.forget(jobId);
  }

  function ownMessages() {
    return outbox.messages.value.filter(
      ({ thread }) =>
        thread === id || (conversationId !== undefined && outbox.conversationOf(thread) === conversationId),
    );
  }

  function outboxChanged() {
    const own = ownMessages();
    turns.takeOutgoing(own);
    if (!own.some((message) => message.state === "sending")) {
      for (const settled of onSettled.splice(0)) settled();
    }
    if (!own.some((message) => message.state !== "failed")) {
      for (const job of held.splice(0)) hearJob(job);
    }
    show();
  }

  /** After our own messages on their way have their jobs: else the same one might be taken for another's. */
  function whenSettled(callback: () => void) {
    if (ownMessages().some((message) => message.state === "sending")) onSettled.push(callback);
    else callback();
  }

  function hearJob(job: JobSummary) {
    const isOnItsWay = ownMessages().some((message) => message.state !== "failed");
    // Of a new conversation nobody knows the id before the gateway has answered.
    if (isOnItsWay && !turns.byJob(job.jobId)) held.push(job);
    else if (job.conversationId === conversationId) takeJob(job);
  }

  function takeJob(job: JobSummary) {
    const turn = turns.takeJob(job);
    if (!hasEnded(turn.answer)) jobs.follow(job.jobId);
    // From the feed one has the beginning of the question only, and not what it replaces.
    if (turn.question?.whole !== true && job.status !== "queued") history.refresh();
    show();
  }

  function hear(event: FeedEvent) {
    if (event.t === "agent") {
      const isOurs = conversationId?.startsWith(`${event.agent.id}.`);
      if (isOurs && event.agent.online && history.state === "unreachable") history.refresh();
    } else if (event.t === "job") hearJob(event.job);
    else if (event.t === "conversation-deleted" && event.id === conversationId) {
      jobs.close();
      history.end();
      show();
    }
  }

  const ends = [
    outbox.onAccepted((accepted) => {
      const { message, jobId } = accepted;
      if (message.thread !== id && outbox.conversationOf(message.thread) !== conversationId) return;
      conversationId = accepted.conversationId;
      turns.accept(accepted, ports.now());
      for (const job of held.filter((one) => one.jobId === jobId)) turns.takeJob(job);
      held = held.filter((job) => job.jobId !== jobId);
      jobs.follow(jobId);
      show();
    }),
    outbox.messages.watch(outboxChanged),
    ports.listen(hear),
    ports.onGap(history.refresh),
    connection.watch((now) => {
      if (now === "online") history.refresh();
      else if (now === "offline") history.offline();
    }),
  ];

  return {
    state,
    id,
    watchText: texts.watch,
    textOf: texts.of,
    send(text) {
      outbox.send({ thread: conversationId ?? id, text });
    },
    retry(messageKey) {
      const key = turns.byKey(messageKey.slice(0, -1))?.outboxKey;
      if (key !== undefined) outbox.retry(key);
    },
    takeBack(messageKey) {
      const key = turns.byKey(messageKey.slice(0, -1))?.outboxKey;
      return key === undefined ? undefined : outbox.remove(key);
    },
    regenerate() {
      const turn = turns.all.at(-1);
      if (!turn?.jobId || !turn.question?.whole || !hasEnded(turn.answer)) return;
      outbox.send({ thread: conversationId ?? id, text: turn.question.text, replaces: turn.jobId });
    },
    async stop() {
      const [turn] = openAnswers();
      if (!turn?.jobId || !turn.answer || turn.answer.stopping) return;
      turn.answer.stopping = true;
      show();
      try {
        await ports.cancel(turn.jobId);
      } catch (error) {
        turn.answer.stopping = false;
        show();
        throw error;
      }
    },
    loadOlder: history.loadOlder,
    refresh: history.retry,
    close() {
      closed = true;
      history.end();
      cancelFlush?.();
      jobs.close();
      for (const end of ends) end();
    },
  };
}
