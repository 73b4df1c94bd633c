/**
 * A stand-in for LM Studio's server, shared by the demo, the tests and the benchmarks. It speaks the same HTTP, queues
 * as LM Studio does, and answers from a text instead of a model. As a process of its own:
 *
 *   bun dev/lm-studio.ts --port 1234 [--tokens-per-second N] [--tokens N] [--parallel N] [--context N] [--first-token-ms N]
 */
import { parseArgs } from "node:util";
import { pause } from "../src/backoff.ts";
import {
  chunkEncoder,
  completion,
  countTokens,
  type Encoder,
  exactly,
  friendlyReply,
  type Message,
  type ReasoningForm,
  type Reply,
  type Token,
  tokensOf,
} from "./lm-studio-answer.ts";
import { contextOverflow, type Fault } from "./lm-studio-fault.ts";
import { loadingChat, type ModelOnDisk, openModelOnDisk } from "./lm-studio-load.ts";
import { openSlots, type Slots } from "./lm-studio-slots.ts";
import { type Plan, streamResponse } from "./lm-studio-stream.ts";

export interface LmStudioOptions {
  /** 0: any free one. */
  port?: number;
  /** 0: as fast as possible. */
  tokensPerSecond?: number;
  /** The reply is repeated or cut to this many; without it, the reply is given whole. */
  tokensPerAnswer?: number;
  /** Requests served at once; the others get no headers until it is their turn. LM Studio's default is 4. */
  parallel?: number;
  contextTokens?: number;
  firstTokenDelayMs?: number;
  /** Waited for before each token of a stream; it is told what has been said. */
  beforeToken?: (said: string) => Promise<void>;
  /** Default `stand-in-model`. */
  model?: string;
  /** False: the model is on the disk only, until the first request. */
  loaded?: boolean;
  /** How long that request waits for it. */
  loadMs?: number;
  apiKey?: string;
  reply?: (messages: readonly Message[]) => Reply;
  /** Said before the reply, unless that has its own, in one of the forms that servers use. */
  reasoning?: { form: ReasoningForm; text: string };
  /** The fault of the request with this number, from 1. */
  fault?: (request: number, messages: readonly Message[]) => Fault | undefined;
}

export interface LmStudio {
  readonly url: string;
  readonly port: number;
  /** Chat requests so far. */
  requests(): number;
  /** Chat requests that hold a slot now. */
  running(): number;
  stop(): Promise<void>;
}

type Settings = Required<Pick<LmStudioOptions, "parallel" | "contextTokens" | "model">> & LmStudioOptions;

export function startLmStudio(options: LmStudioOptions = {}): LmStudio {
  const settings = { parallel: 4, contextTokens: 8192, model: "stand-in-model", ...options };
  const slots = openSlots(settings.parallel);
  const encoder = chunkEncoder(settings.model);
  const onDisk = openModelOnDisk({ loaded: settings.loaded ?? true, loadMs: settings.loadMs ?? 0 });
  let requests = 0;

  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: settings.port ?? 0,
    // A silent stream is one of the things to be shown; Bun would end it after 10 s.
    idleTimeout: 0,
    routes: {
      "/api/v1/models": (request) =>
        guarded(request, settings, () => Response.json(modelList(settings, onDisk.isLoaded()))),
      "/api/v1/chat": {
        POST: (request) =>
          guarded(request, settings, () => loadingChat(settings.model, onDisk, request.signal)),
      },
      "/v1/models": (request) => guarded(request, settings, () => Response.json(openAiList(settings))),
      "/v1/chat/completions": {
        POST: (request) =>
          guarded(request, settings, () => chat(request, ++requests, { settings, slots, encoder, onDisk })),
      },
    },
    // With status 200, as LM Studio does.
    fetch: ({ method, url }) =>
      Response.json({ error: `Unexpected endpoint or method. (${method} ${new URL(url).pathname})` }),
    // Bun reports each stream that breaks off on standard error while developing; here that is done on purpose.
    development: false,
  });
  const port = server.port ?? 0;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: () => requests,
    running: slots.running,
    stop: () => server.stop(true),
  };
}

function guarded(
  request: Request,
  { apiKey }: Settings,
  answer: () => Response | Promise<Response>,
): Response | Promise<Response> {
  if (!apiKey || request.headers.get("authorization") === `Bearer ${apiKey}`) return answer();
  const error = { message: "Invalid API token", type: "invalid_request_error", code: "invalid_api_key" };
  return Response.json({ error }, { status: 401 });
}

function modelList({ model, contextTokens, parallel }: Settings, loaded: boolean): object {
  const instance = { id: model, config: { context_length: contextTokens, parallel, flash_attention: true } };
  const capabilities = { vision: false, trained_for_tool_use: false };
  const embedding = { type: "embedding", key: "text-embedding-stand-in", max_context_length: 2048 };
  return {
    models: [
      { ...embedding, display_name: "Embedding stand-in", loaded_instances: [] },
      {
        type: "llm",
        key: model,
        display_name: "模拟模型",
        loaded_instances: loaded ? [instance] : [],
        max_context_length: 131_072,
        capabilities,
      },
    ],
  };
}

function openAiList({ model }: Settings): object {
  const ids = [model, "text-embedding-stand-in"];
  return { object: "list", data: ids.map((id) => ({ id, object: "model", owned_by: "organization_owner" })) };
}

interface Serving {
  settings: Settings;
  slots: Slots;
  encoder: Encoder;
  onDisk: ModelOnDisk;
}

interface Ask {
  messages: Message[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
  max_tokens?: number;
}

async function chat(request: Request, number: number, serving: Serving): Promise<Response> {
  const { settings, slots, encoder, onDisk } = serving;
  const { signal } = request;
  const ask = (await request.json()) as Ask;
  const fault = settings.fault?.(number, ask.messages) ?? overflow(ask, settings);
  const free = await slots.take(signal);
  try {
    if (fault?.t === "status") return plain(fault, free);
    if (fault?.t === "silent") return await silence(signal, free);
    await onDisk.load(signal);
    await pause(settings.firstTokenDelayMs ?? 0, signal);
    const plan = planAnswer(ask, settings);
    const { tokensPerSecond = 0, beforeToken } = settings;
    if (ask.stream)
      return streamResponse({ plan, fault, encoder, tokensPerSecond, beforeToken }, signal, free);
    if (tokensPerSecond > 0) await pause((plan.tokens.length * 1000) / tokensPerSecond, signal);
    free();
    return Response.json(completion(settings.model, plan));
  } catch (error) {
    free();
    throw error;
  }
}

function overflow({ messages }: Ask, { contextTokens }: Settings): Fault | undefined {
  return countTokens(messages) > contextTokens ? contextOverflow : undefined;
}

function plain(fault: Extract<Fault, { t: "status" }>, free: () => void): Response {
  free();
  return new Response(fault.body, { status: fault.status, headers: { "content-type": fault.contentType } });
}

function silence(signal: AbortSignal, free: () => void): Promise<Response> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => {
      free();
      resolve(new Response());
    });
  });
}

function planAnswer(ask: Ask, settings: Settings): Plan {
  const reply: Reply = (settings.reply ?? friendlyReply)(ask.messages);
  const { content, reasoning }: Exclude<Reply, string> =
    typeof reply === "string" ? { content: reply } : reply;
  const said = exactly(tokensOf(content), settings.tokensPerAnswer);
  const words = said.map((text): Token => ({ field: "content", text }));
  const own =
    reasoning === undefined ? settings.reasoning : ({ form: "reasoning_content", text: reasoning } as const);
  const all = [...thought(own), ...words];
  const promptTokens = countTokens(ask.messages);
  const room = Math.min(ask.max_tokens ?? Infinity, Math.max(1, settings.contextTokens - promptTokens));
  const tokens = all.slice(0, room);
  return {
    tokens,
    finish: tokens.length < all.length ? "length" : "stop",
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: tokens.length,
      total_tokens: promptTokens + tokens.length,
    },
    includeUsage: ask.stream_options?.include_usage ?? false,
  };
}

function thought(reasoning: LmStudioOptions["reasoning"]): Token[] {
  if (!reasoning) return [];
  const { form, text } = reasoning;
  if (form !== "inline") return tokensOf(text).map((token) => ({ field: form, text: token }));
  return tokensOf(`<think>\n${text}\n</think>\n\n`).map((token) => ({ field: "content", text: token }));
}

if (import.meta.main) {
  const number = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "1234" },
      "tokens-per-second": { type: "string", default: "30" },
      tokens: number,
      parallel: { type: "string", default: "4" },
      context: { type: "string", default: "8192" },
      "first-token-ms": { type: "string", default: "0" },
    },
  });
  const { url } = startLmStudio({
    port: Number(values.port),
    tokensPerSecond: Number(values["tokens-per-second"]),
    ...(values.tokens === undefined ? {} : { tokensPerAnswer: Number(values.tokens) }),
    parallel: Number(values.parallel),
    contextTokens: Number(values.context),
    firstTokenDelayMs: Number(values["first-token-ms"]),
  });
  console.log(`LM Studio stand-in on ${url}`);
}
