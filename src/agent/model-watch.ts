import { pause } from "../backoff.ts";
import type { Logger } from "../log.ts";
import type { ModelInfo, ModelServer } from "./lm-studio/model-server.ts";

/** A model that is loaded or a server that is started is noticed after this. */
const LOOK_WHEN_UP_MS = 10_000;
const LOOK_WHEN_DOWN_MS = 2_000;

export interface ModelWatch {
  /** What would answer now; undefined while the model server does not. */
  info(): ModelInfo | undefined;
  /** Why it does not, for people. */
  trouble(): string | undefined;
  /** Resolves when it has been asked once: before, nobody knows. */
  looked: Promise<void>;
  stop(): Promise<void>;
}

/** Looks after the model server from time to time. `onChange`: it came, went, or has another model. */
export function watchModel(modelServer: ModelServer, log: Logger, onChange: () => void): ModelWatch {
  const stopping = new AbortController();
  const { signal } = stopping;
  let info: ModelInfo | undefined;
  let trouble: string | undefined = "还没有查询过模型服务";
  const { promise: looked, resolve: hasLooked } = Promise.withResolvers<void>();
  const loop = look();

  async function look(): Promise<void> {
    let known: string | undefined;
    while (!signal.aborted) {
      try {
        info = await modelServer.inspect(signal);
        trouble = undefined;
      } catch (error) {
        info = undefined;
        trouble = error instanceof Error ? error.message : "未知错误";
      }
      hasLooked();
      if (signal.aborted) return;
      const state = JSON.stringify(info ?? null);
      if (state !== known) {
        if (info) log.info("模型服务已就绪", { ...info });
        else log.warn("模型服务不可用，任务会等它恢复", { reason: trouble });
        onChange();
      }
      known = state;
      await pause(info ? LOOK_WHEN_UP_MS : LOOK_WHEN_DOWN_MS, signal);
    }
  }

  return {
    info: () => info,
    trouble: () => trouble,
    looked,
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}
