import { pause } from "../src/backoff.ts";

const STEPS = 20;

/** A model that is on the disk, and loaded when somebody asks for it. */
export interface ModelOnDisk {
  isLoaded(): boolean;
  /** Resolves when it is loaded. `onProgress`: from 0 to 1. */
  load(signal: AbortSignal, onProgress?: (progress: number) => void): Promise<void>;
}

export function openModelOnDisk(options: { loaded: boolean; loadMs: number }): ModelOnDisk {
  let step = options.loaded ? STEPS : 0;
  let loading: Promise<void> | undefined;
  const never = new AbortController().signal;

  async function loadOnce(): Promise<void> {
    for (; step < STEPS; step++) await pause(options.loadMs / STEPS, never);
  }
  return {
    isLoaded: () => step === STEPS,
    async load(signal, onProgress) {
      // It goes on when the one who asked for it has left.
      loading ??= loadOnce();
      for (let told = -1; step < STEPS && !signal.aborted;) {
        if (step !== told) onProgress?.(step / STEPS);
        told = step;
        await Promise.race([loading, pause(options.loadMs / STEPS, signal)]);
      }
    },
  };
}

/** LM Studio's own chat, as far as it is about loading; what it says afterwards nobody reads. */
export function loadingChat(model: string, onDisk: ModelOnDisk, signal: AbortSignal): Response {
  async function* events(): AsyncGenerator<string> {
    const sse = (type: string, more: object = {}) =>
      `event: ${type}\ndata: ${JSON.stringify({ type, model_instance_id: model, ...more })}\n\n`;
    yield sse("chat.start");
    if (!onDisk.isLoaded()) {
      yield sse("model_load.start");
      const told: string[] = [];
      const loaded = onDisk.load(signal, (progress) => told.push(sse("model_load.progress", { progress })));
      while (!onDisk.isLoaded() && !signal.aborted) {
        await Promise.race([loaded, pause(1, signal)]);
        yield* told.splice(0);
      }
      yield sse("model_load.end", { load_time_seconds: 1 });
    }
    yield sse("prompt_processing.start");
    yield sse("chat.end");
  }
  return new Response(events(), { headers: { "content-type": "text/event-stream" } });
}
