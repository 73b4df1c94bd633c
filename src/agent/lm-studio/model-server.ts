import type { ModelEvent } from "./answer.ts";
import { type ChatMessage, type ChatTimeouts, streamAnswer } from "./chat.ts";
import type { Connection } from "./connection.ts";
import { ModelServerUnavailable } from "./errors.ts";
import { chooseModel, type ListedModel, listModels } from "./model-list.ts";
import { watchLoading } from "./model-load.ts";
import { limitRequest } from "./request-limit.ts";

export type { ChatMessage, ModelEvent };

export interface ModelInfo {
  model: string;
  /** The context it is loaded with; undefined when the server does not say or will load it on the first request. */
  contextTokens: number | undefined;
  /** Requests that it answers at once; undefined when the server does not say. */
  parallel: number | undefined;
}

/** LM Studio, or another server with OpenAI's chat completions. */
export interface ModelServer {
  /**
   * What would answer now.
   *
   * @throws ModelServerUnavailable when the server does not answer or has no model; ModelFailure when it refuses the key.
   */
  inspect(signal: AbortSignal): Promise<ModelInfo>;
  /**
   * Streams one answer. If the model is known, the request leaves within the first `next()`. Its connection is closed,
   * and the server's slot with it, once the iterator has ended, thrown or been returned from; nothing is retried after
   * the first byte.
   *
   * @throws ModelServerUnavailable when nothing was answered and a later try may be; ModelFailure when the request
   * failed; the signal's reason when it aborts.
   * @param onLoading how far the loading of the model is, in percent, if it has to be loaded and the server tells
   */
  chat(
    messages: readonly ChatMessage[],
    signal: AbortSignal,
    onLoading?: (percent: number) => void,
  ): AsyncIterable<ModelEvent>;
}

export interface ModelTimeouts extends ChatTimeouts {
  /** For all the requests that `inspect` makes. */
  inspectMs: number;
}

/** Those of `ChatTimeouts` can be configured. */
export const DEFAULT_TIMEOUTS: ModelTimeouts = {
  // A model is loaded in minutes, and a request that waits for its turn gets no headers.
  firstWordMs: 10 * 60_000,
  idleMs: 120_000,
  // A request that takes longer is stuck, whatever it sends.
  totalMs: 60 * 60_000,
  inspectMs: 10_000,
};

/** A model chosen by hand in LM Studio is noticed after this. Longer than an agent waits between two looks (model-watch.ts). */
const INSPECTION_FRESH_MS = 15_000;

export function openModelServer(options: {
  baseUrl: string;
  /** Empty: the loaded one. */
  model: string;
  apiKey: string;
  timeouts?: Partial<ModelTimeouts>;
}): ModelServer {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  // The address that other programs want ends in /v1, and is often copied from there.
  const server: Connection = { ...options, baseUrl: options.baseUrl.replace(/\/+(v1\/*)?$/, "") };
  let latest: { model: string; atMs: number; watchable: boolean } | undefined;

  async function inspect(signal: AbortSignal): Promise<ModelInfo> {
    const limit = limitRequest(signal);
    try {
      const listing = listModels(server, limit.signal);
      const chosen = choose(await limit.wait(listing, timeouts.inspectMs, noListing), options.model);
      const model = options.model || chosen.id;
      latest = { model, atMs: performance.now(), watchable: chosen.showsLoading === true };
      return { model, contextTokens: chosen.contextTokens, parallel: chosen.parallel };
    } finally {
      limit.close();
    }
  }

  function knownModel(): string | undefined {
    if (options.model !== "") return options.model;
    const isFresh = latest && performance.now() - latest.atMs < INSPECTION_FRESH_MS;
    return isFresh ? latest?.model : undefined;
  }

  return {
    inspect,
    async *chat(messages, signal, onLoading) {
      // Without a wait where there is nothing to ask: then the request leaves before its caller goes on.
      const model = knownModel() ?? (await inspect(signal)).model;
      if (onLoading && latest?.watchable) {
        const known = latest;
        await watchLoading({ server, model, maxMs: timeouts.firstWordMs, signal, onProgress: onLoading });
        known.watchable = false;
      }
      yield* streamAnswer(server, { model, messages }, timeouts, signal);
    },
  };
}

function noListing(): ModelServerUnavailable {
  return new ModelServerUnavailable("模型服务没有及时给出模型列表");
}

function choose(models: readonly ListedModel[], configured: string): ListedModel {
  // A server with one model answers with it whatever name it is given.
  const chosen = chooseModel(models, configured) ?? chooseModel(models, "");
  if (chosen) return chosen;
  throw new ModelServerUnavailable("模型服务上没有可用的对话模型，请在 LM Studio 中下载并加载一个");
}
