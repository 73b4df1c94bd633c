import { backoffMs, pause } from "../backoff.ts";
import type { Job } from "../contract/job.ts";
import type { ReplyEvent, Usage } from "../contract/reply-event.ts";
import type { Logger } from "../log.ts";
import { ModelConnectionLost, ModelFailure, ModelServerUnavailable } from "./lm-studio/errors.ts";
import type { ModelServer } from "./lm-studio/model-server.ts";
import { buildPrompt, CUT_NOTE } from "./prompt.ts";
import type { ConversationStore } from "./store/conversation-store.ts";

/** A model server that went away is looked for this often. */
const WAIT_FOR_SERVER = { firstMs: 500, maxMs: 10_000, quickTries: 6 };
/** How often an answer that broke off is begun again before the job fails. */
const MAX_BROKEN_ANSWERS = 5;

/** Everything a job needs to run. */
export interface RunContext {
  modelServer: ModelServer;
  conversations: ConversationStore;
  /** Tokens that the loaded model takes; undefined when the model server does not say. */
  contextTokens: () => number | undefined;
  log: Logger;
}

/**
 * Runs one turn and emits its events; the last is the terminal one. Without a model server it waits, for as long as it
 * takes. When the signal aborts it returns without a terminal event: whoever aborted says how the job goes on.
 */
export async function runJob(
  job: Job,
  context: RunContext,
  emit: (event: ReplyEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  if (context.conversations.owner(job.conversationId) !== job.userId) {
    emit({ t: "failed", code: "not-found", message: "没有这个会话" });
    return;
  }
  let broken = 0;
  for (let tries = 0; !signal.aborted; tries++) {
    let spoke = false;
    try {
      const end = await answer(job, context, signal, (event) => {
        spoke = true;
        emit(event);
      });
      emit(end);
      return;
    } catch (error) {
      if (signal.aborted) return;
      const lost = error instanceof ModelConnectionLost && ++broken <= MAX_BROKEN_ANSWERS;
      if (!lost && !(error instanceof ModelServerUnavailable)) {
        emit(failure(error, context.log, job));
        return;
      }
      // What came before it broke off cannot be gone on with.
      if (spoke) emit({ t: "reset" });
      if (tries === 0) emit({ t: "progress", note: "模型服务暂时不可用，恢复后会自动继续" });
    }
    await pause(backoffMs(tries, WAIT_FOR_SERVER), signal);
  }
}

/** One try at an answer; returns the event that ends it. */
async function answer(
  job: Job,
  context: RunContext,
  signal: AbortSignal,
  emit: (event: ReplyEvent) => void,
): Promise<ReplyEvent> {
  const { modelServer, conversations, contextTokens } = context;
  const messages = buildPrompt({
    question: job.text,
    earlier: conversations.before(job.conversationId, job.id),
    contextTokens: contextTokens(),
  });
  let text = "";
  let usage: Usage | undefined;
  for await (const event of modelServer.chat(messages, signal)) {
    if (event.t === "end") {
      if (event.usage)
        usage = { ...event.usage, ...(event.model === undefined ? {} : { model: event.model }) };
      if (event.finish === "length") {
        text += CUT_NOTE;
        emit({ t: "delta", text: CUT_NOTE });
      }
      break;
    }
    if (event.t === "delta") text += event.text;
    emit(event);
  }
  return { t: "done", text, ...(usage ? { usage } : {}) };
}

function failure(error: unknown, log: Logger, job: Job): ReplyEvent {
  if (error instanceof ModelFailure) return { t: "failed", code: error.code, message: error.message };
  log.error("回答时程序出错", { jobId: job.id, error });
  return { t: "failed", code: "internal", message: "程序内部出错，请联系管理员" };
}
