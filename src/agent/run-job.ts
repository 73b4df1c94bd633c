import { backoffMs, pause } from "../backoff.ts";
import type { Job, JobKind } from "../contract/job.ts";
import type { FailureCode, ReplyEvent, Usage } from "../contract/reply-event.ts";
import type { Logger } from "../log.ts";
import { ModelConnectionLost, ModelFailure, ModelServerUnavailable } from "./lm-studio/errors.ts";
import type { ModelServer } from "./lm-studio/model-server.ts";
import { buildPrompt, CUT_NOTES } from "./prompt.ts";
import type { ConversationStore } from "./store/conversation-store.ts";
import { openTaskProgress, type ProgressPace, type TaskProgress } from "./task-progress.ts";

/** A model server that went away is looked for this often. */
const WAIT_FOR_SERVER = { firstMs: 500, maxMs: 10_000, quickTries: 6 };
/** How often an answer that broke off is begun again before the job fails. */
const MAX_BROKEN_ANSWERS = 5;

/** What may help when there was too much for the model. A task is asked without anything that was said before. */
const SHORTEN: Readonly<Record<JobKind, string>> = {
  turn: "请缩短消息，或开始新的会话（在企业微信里发送 /new）再试",
  task: "请缩短任务的内容，或拆成几个任务再提交",
};
const TOO_MUCH: ReadonlySet<FailureCode> = new Set(["too-long", "empty-answer"]);

/** Everything a job needs to run. */
export interface RunContext {
  modelServer: ModelServer;
  conversations: Pick<ConversationStore, "admits" | "before">;
  /** Tokens that the loaded model takes; undefined when the model server does not say. */
  contextTokens: () => number | undefined;
  /** How often a task says where it is. */
  progressPace?: ProgressPace;
  log: Logger;
}

/**
 * Runs a turn or an attempt at a task and emits its events; the last is the terminal one. Without a model server it
 * waits, for as long as it takes. When the signal aborts it returns without a terminal event: whoever aborted says how
 * the job goes on.
 */
export async function runJob(
  job: Job,
  context: RunContext,
  emit: (event: ReplyEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  if (!context.conversations.admits(job)) {
    const what = job.kind === "task" ? "任务" : "会话";
    emit({ t: "failed", code: "not-found", message: `没有这个${what}` });
    return;
  }
  const progress = job.kind === "task" ? openTaskProgress(emit, context.progressPace) : undefined;
  try {
    await untilAnswered(job, context, emit, progress, signal);
  } finally {
    progress?.stop();
  }
}

async function untilAnswered(
  job: Job,
  context: RunContext,
  emit: (event: ReplyEvent) => void,
  progress: TaskProgress | undefined,
  signal: AbortSignal,
): Promise<void> {
  let broken = 0;
  // What a try said before it broke off cannot be gone on with. It stays until the next one speaks: if there is none,
  // because the user cancels, it is what there is.
  let stale = false;
  let spoke = false;
  const say = (event: ReplyEvent) => {
    if (stale) emit({ t: "reset" });
    stale = false;
    spoke = true;
    progress?.heard(event);
    emit(event);
  };
  for (let tries = 0; !signal.aborted; tries++) {
    progress?.asking();
    try {
      emit(await answer(job, context, say, progress, signal));
      return;
    } catch (error) {
      if (signal.aborted) return;
      const lost = error instanceof ModelConnectionLost && ++broken <= MAX_BROKEN_ANSWERS;
      if (!lost && !(error instanceof ModelServerUnavailable)) {
        emit(failure(error, context.log, job));
        return;
      }
      stale = spoke;
      progress?.serverAway();
      if (tries === 0) emit({ t: "progress", note: "模型服务暂时不可用，恢复后会自动继续" });
    }
    await pause(backoffMs(tries, WAIT_FOR_SERVER), signal);
  }
}

/** One try at an answer; returns the event that ends it. */
async function answer(
  job: Job,
  context: RunContext,
  say: (event: ReplyEvent) => void,
  progress: TaskProgress | undefined,
  signal: AbortSignal,
): Promise<ReplyEvent> {
  const { modelServer, conversations, contextTokens } = context;
  const { kind } = job;
  const messages = buildPrompt({
    kind,
    question: job.text,
    // Each attempt at a task is made afresh.
    earlier: kind === "task" ? [] : conversations.before(job.conversationId, job.id),
    contextTokens: contextTokens(),
  });
  let text = "";
  let usage: Usage | undefined;
  for await (const event of modelServer.chat(messages, signal, progress?.loading)) {
    if (event.t === "end") {
      if (event.usage)
        usage = { ...event.usage, ...(event.model === undefined ? {} : { model: event.model }) };
      if (event.finish === "length") {
        text += CUT_NOTES[kind];
        say({ t: "delta", text: CUT_NOTES[kind] });
      }
      break;
    }
    if (event.t === "delta") text += event.text;
    say(event);
  }
  return { t: "done", text, ...(usage ? { usage } : {}) };
}

function failure(error: unknown, log: Logger, job: Job): ReplyEvent {
  if (error instanceof ModelFailure) {
    const { code, message } = error;
    const advice = TOO_MUCH.has(code) ? `；${SHORTEN[job.kind]}` : "";
    return { t: "failed", code, message: message + advice };
  }
  log.error("回答时程序出错", { jobId: job.id, error });
  return { t: "failed", code: "internal", message: "程序内部出错，请联系管理员" };
}
