/** What the LM Studio stand-in says, and how it puts it on the wire. */

export interface Message {
  role: string;
  content: string;
}

export type ReasoningForm = "reasoning_content" | "reasoning" | "inline";

/** A token of the answer, and the field of `delta` that it travels in. */
export interface Token {
  field: "content" | "reasoning_content" | "reasoning";
  text: string;
}

/** An answer; `reasoning` is thought before it, and goes in `reasoning_content`. Markdown arrives as it is. */
export type Reply = string | { reasoning?: string; content: string };

/** The default answer. It must not be taken for a real model's. */
export function friendlyReply(messages: readonly Message[]): string {
  const question = messages.findLast(({ role }) => role === "user")?.content ?? "";
  return (
    `您好！我收到了您的消息：「${question.trim()}」。\n\n` +
    "请注意，我是用于演示和测试的**模拟模型**，不是真正的大语言模型，所以没法真正回答您的问题。" +
    "不过消息已经走完了全程：从您的设备到网关，再到内网里的智能体，然后逐字传回。" +
    "把智能体的 `lmstudio.base_url` 指向真正的 LM Studio，就能得到模型的回答了。"
  );
}

const TOKENS = /[\p{Script=Han}]{1,2}|[^\S\n]*[\p{L}\p{N}_]+|\s+|[^\s]/gu;

/** Splits a text about as finely as a real tokenizer does. */
export function tokensOf(text: string): string[] {
  const words = text.match(TOKENS) ?? [];
  return words.flatMap((word) => (word.length > 12 ? (word.match(/.{1,6}/gsu) ?? []) : [word]));
}

/** The text's tokens, repeated or cut to exactly `count` when it is given. */
export function exactly(tokens: readonly string[], count: number | undefined): string[] {
  if (count === undefined || tokens.length === 0) return [...tokens];
  return Array.from({ length: count }, (_, i) => tokens[i % tokens.length] ?? "");
}

export function countTokens(messages: readonly Message[]): number {
  // A chat template adds a few tokens to each message.
  return messages.reduce((sum, { content }) => sum + tokensOf(content).length + 4, 0);
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
}

export interface Encoder {
  role(): Uint8Array;
  token(token: Token): Uint8Array;
  finish(reason: "stop" | "length"): Uint8Array;
  usage(usage: Usage): Uint8Array;
}

/** A benchmark asks for the same tokens over and over. */
const MAX_CACHED_TOKENS = 10_000;

const utf8 = new TextEncoder();
export const DONE = utf8.encode("data: [DONE]\n\n");

/** Makes the events of `chat.completion.chunk`s, each as the bytes of one write. */
export function chunkEncoder(model: string): Encoder {
  const cache = new Map<string, Uint8Array>();
  const head = { id: "chatcmpl-stand-in", object: "chat.completion.chunk", created: seconds(), model };

  function event(rest: object): Uint8Array {
    return utf8.encode(`data: ${JSON.stringify({ ...head, system_fingerprint: model, ...rest })}\n\n`);
  }
  function choice(delta: object, finish_reason: string | null): Uint8Array {
    return event({ choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
  }

  return {
    role: () => choice({ role: "assistant" }, null),
    token: ({ field, text }) => {
      const key = `${field} ${text}`;
      const known = cache.get(key);
      if (known) return known;
      if (cache.size >= MAX_CACHED_TOKENS) cache.clear();
      const bytes = choice({ [field]: text }, null);
      cache.set(key, bytes);
      return bytes;
    },
    finish: (reason) => choice({}, reason),
    usage: (usage) => event({ choices: [], usage }),
  };
}

/** `chat.completion`, the answer when no stream was asked for. */
export function completion(
  model: string,
  { tokens, finish, usage }: { tokens: readonly Token[]; finish: string; usage: Usage },
): object {
  const join = (field: Token["field"]) =>
    tokens
      .filter((token) => token.field === field)
      .map(({ text }) => text)
      .join("");
  const reasoning = join("reasoning_content");
  const message = {
    role: "assistant",
    content: join("content"),
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
  };
  return {
    id: "chatcmpl-stand-in",
    object: "chat.completion",
    created: seconds(),
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    usage,
  };
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}
