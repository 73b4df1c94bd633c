import type { EventSourceMessage } from "eventsource-parser";
import * as v from "valibot";
import { parseJson } from "./connection.ts";
import { ModelConnectionLost, ModelFailure } from "./errors.ts";
import { errorIn, failureOf } from "./server-error.ts";
import { type Piece, thinkSplitter } from "./think-splitter.ts";

/** Tokens of one answer, as the server counted them. */
export interface TokenCounts {
  promptTokens: number;
  completionTokens: number;
}

/** What one answer consists of. `end` comes once and last; `model` is the one that really answered. */
export type ModelEvent =
  | Piece
  | {
      t: "end";
      /** `length`: cut off because the context or the limit of tokens was full. */
      finish: "stop" | "length";
      model: string | undefined;
      usage: TokenCounts | undefined;
    };

/** Text and reasoning together: some 250,000 tokens, more than any context; a model caught in a loop ends here. */
const MAX_ANSWER_CHARS = 1024 * 1024;

const Text = v.fallback(v.nullish(v.string()), undefined);
const Tokens = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** `chat.completion.chunk`. A field of an unexpected type counts as absent, so that an oddity costs no answer. */
const Chunk = v.object({
  model: Text,
  choices: v.array(
    v.object({
      delta: v.fallback(
        v.nullish(
          v.object({
            content: Text,
            reasoning_content: Text,
            reasoning: Text,
            tool_calls: v.fallback(v.nullish(v.array(v.unknown())), undefined),
          }),
        ),
        undefined,
      ),
      finish_reason: Text,
    }),
  ),
  usage: v.fallback(v.nullish(v.object({ prompt_tokens: Tokens, completion_tokens: Tokens })), undefined),
  /** llama-server; `prompt_n` leaves out the `cache_n` tokens that it still had from the request before. */
  timings: v.fallback(
    v.nullish(v.object({ prompt_n: Tokens, predicted_n: Tokens, cache_n: v.fallback(Tokens, 0) })),
    undefined,
  ),
});
type Chunk = v.InferOutput<typeof Chunk>;

export interface AnswerReader {
  /** @throws ModelFailure when the server reports an error or what it sends is no answer. */
  take(event: EventSourceMessage): Piece[];
  /** The server has said that the answer is complete (`[DONE]`). */
  isDone(): boolean;
  /** What was held back; call once, when no more events come. */
  rest(): Piece[];
  /** The end event; call last. @throws ModelFailure when the answer is empty or was broken off. */
  end(): ModelEvent;
}

/** Reads the events of one answer. */
export function answerReader(): AnswerReader {
  const think = thinkSplitter();
  const seen = { chars: 0, words: false, toolCalls: false, done: false };
  let finish: string | undefined;
  let model: string | undefined;
  let usage: TokenCounts | undefined;
  let timings: TokenCounts | undefined;

  function take(event: EventSourceMessage): Piece[] {
    if (event.data.trim() === "[DONE]") {
      seen.done = true;
      return [];
    }
    const chunk = parseChunk(event);
    model ??= chunk.model || undefined;
    usage = usageOf(chunk) ?? usage;
    timings = timingsOf(chunk) ?? timings;
    const [choice] = chunk.choices;
    finish = choice?.finish_reason || finish;
    const delta = choice?.delta;
    seen.toolCalls ||= (delta?.tool_calls?.length ?? 0) > 0;
    return pieces(delta?.reasoning_content || delta?.reasoning || "", delta?.content || "");
  }

  function pieces(reasoning: string, content: string): Piece[] {
    seen.chars += reasoning.length + content.length;
    if (seen.chars > MAX_ANSWER_CHARS) {
      throw new ModelFailure("model-error", "模型的回答太长了，已中止；请换个说法再试");
    }
    const thought: Piece[] = reasoning === "" ? [] : [{ t: "reasoning", text: reasoning }];
    return noted(content === "" ? thought : [...thought, ...think.push(content)]);
  }

  function noted(pieces: Piece[]): Piece[] {
    seen.words ||= pieces.length > 0;
    return pieces;
  }

  function end(): ModelEvent {
    if (!seen.words && !seen.toolCalls) {
      throw new ModelFailure("empty-answer", "模型没有给出任何内容，可能是内容超出了模型能处理的长度");
    }
    if (finish === undefined && !seen.done) {
      throw new ModelConnectionLost();
    }
    if (!seen.words) {
      throw new ModelFailure("model-error", "模型想调用工具，但这里没有可用的工具；请换个说法再试");
    }
    return { t: "end", finish: finish === "length" ? "length" : "stop", model, usage: usage ?? timings };
  }

  return { take, isDone: () => seen.done, rest: () => noted(think.end()), end };
}

function parseChunk({ event, data }: EventSourceMessage): Chunk {
  const json = parseJson(data);
  const error = errorIn(json);
  if (error) throw failureOf(error);
  if (event === "error") throw failureOf({ message: data, type: undefined, code: undefined });
  const result = v.safeParse(Chunk, json);
  if (result.success) return result.output;
  throw new ModelFailure("model-error", "模型服务发来的数据无法识别，请重试");
}

function usageOf({ usage }: Chunk): TokenCounts | undefined {
  return usage ? { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens } : undefined;
}

function timingsOf({ timings }: Chunk): TokenCounts | undefined {
  return timings
    ? { promptTokens: timings.prompt_n + timings.cache_n, completionTokens: timings.predicted_n }
    : undefined;
}
