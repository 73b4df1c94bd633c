import type { JobKind } from "../contract/job.ts";
import type { ChatMessage } from "./lm-studio/model-server.ts";

const ASSISTANT = "你是公司内部的智能助手「智控未来」。用简体中文回答，除非对方使用或要求其他语言。";
const SYSTEM: Readonly<Record<JobKind, string>> = {
  turn: `${ASSISTANT}回答准确、简洁；不确定时直说。`,
  task:
    `${ASSISTANT}这是交给你独立完成的一项任务，对方稍后来取结果，无法回答你的提问。` +
    "请一次完整地做完，直接给出最终结果，不要只给提纲或计划，也不要反问；需要假设时写明假设，不确定的地方直说。",
};

/** Share of the context left for the answer. */
const ANSWER_SHARE = 0.35;
/** When the model server does not say how large its context is. LM Studio loads models with 4096 unless told otherwise. */
const ASSUMED_CONTEXT_TOKENS = 4_096;
/** What a chat template adds to each message. */
const MESSAGE_OVERHEAD_TOKENS = 8;

/** Marks an answer that the model server cut off; it is for the user and never goes back to the model. */
export const CUT_NOTES: Readonly<Record<JobKind, string>> = {
  turn: "\n\n（回答太长，到这里被截断了。回复“继续”可以接着说。）",
  task: "\n\n（结果太长，到这里被截断了。可以把任务拆小再提交。）",
};

/**
 * The messages for the model: the system's, as many earlier ones as fit (newest first, whole turns), the question.
 * The question itself always goes: whether it fits is for the model server to say.
 */
export function buildPrompt(options: {
  kind: JobKind;
  question: string;
  /** Newest first. */
  earlier: Iterable<{ role: "user" | "assistant"; text: string }>;
  contextTokens: number | undefined;
}): ChatMessage[] {
  const { kind, question, earlier, contextTokens = ASSUMED_CONTEXT_TOKENS } = options;
  const system = SYSTEM[kind];
  let room = contextTokens * (1 - ANSWER_SHARE) - cost(system) - cost(question);
  const history: ChatMessage[] = [];
  for (const { role, text } of earlier) {
    const content = text.endsWith(CUT_NOTES.turn) ? text.slice(0, -CUT_NOTES.turn.length) : text;
    room -= cost(content);
    if (room < 0) break;
    history.unshift({ role, content });
  }
  // An answer without its question would confuse the model, and some chat templates refuse it.
  if (history[0]?.role === "assistant") history.shift();
  return [{ role: "system", content: system }, ...history, { role: "user", content: question }];
}

function cost(text: string): number {
  return estimateTokens(text) + MESSAGE_OVERHEAD_TOKENS;
}

/** Tokens of a text, on the safe side: a character outside ASCII is at most about one, other text about one per 3. */
export function estimateTokens(text: string): number {
  let wide = 0;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) wide++;
  return Math.ceil(wide + (text.length - wide) / 3);
}
