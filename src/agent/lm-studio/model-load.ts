import * as v from "valibot";
import { type Connection, parseJson, send } from "./connection.ts";
import { limitRequest } from "./request-limit.ts";
import { readEvents } from "./sse.ts";

/** `progress` goes from 0 to 1. */
const LoadProgress = v.object({ progress: v.pipe(v.number(), v.minValue(0), v.maxValue(1)) });
const BEFORE_LOADED = new Set(["chat.start", "model_load.start", "model_load.progress"]);

/**
 * Has LM Studio load a model and tells how far it is, in percent; returns when it is loaded, or when that is not to be
 * had. Chat completions load a model too, but say nothing meanwhile: only LM Studio's own chat does (0.4,
 * lmstudio.ai/docs/developer/rest/streaming-events). Of its answer nothing is wanted.
 *
 * @throws the signal's reason. Whatever else goes wrong, the request that follows will say.
 */
export async function watchLoading(options: {
  server: Connection;
  model: string;
  maxMs: number;
  signal: AbortSignal;
  onProgress: (percent: number) => void;
}): Promise<void> {
  const { server, model, maxMs, signal, onProgress } = options;
  const limit = limitRequest(signal);
  limit.endAfter(maxMs, () => new Error("loading takes too long to be watched"));
  try {
    const body = { model, input: "你好", stream: true, store: false, max_output_tokens: 1 };
    const response = await send(server, "/api/v1/chat", { body, signal: limit.signal });
    if (!response.ok || !response.body) return;
    for await (const events of readEvents(response.body)) {
      for (const { event, data } of events) {
        if (!BEFORE_LOADED.has(event ?? "")) return;
        const loading = event === "model_load.progress" && v.safeParse(LoadProgress, parseJson(data));
        if (loading && loading.success) onProgress(loading.output.progress * 100);
      }
    }
  } catch {
    signal.throwIfAborted();
  } finally {
    limit.close();
  }
}
