import { about, type Finding } from "../../doctor/finding.ts";
import { within } from "../../doctor/network-trouble.ts";
import { ANSWER_TIMEOUT_MS, type Check } from "../../doctor/run-checks.ts";
import type { AgentConfig } from "../config.ts";
import { ModelFailure, ModelServerUnavailable } from "../lm-studio/errors.ts";
import { chooseModel, isNamed, type ListedModel, listModels } from "../lm-studio/model-list.ts";

/** A conversation with some history and a long answer; with less, members soon read that it is too long. */
const COMFORTABLE_CONTEXT_TOKENS = 8_192;
const LOAD = "在 LM Studio 里加载它（顶部的模型选择框，或运行 lms load 模型名）";

const server = about("model-server", "模型服务");
const model = about("model", "模型");
const context = about("model.context", "上下文长度");
const parallel = about("model.parallel", "并行数");

/** Does LM Studio answer, and what with? */
export function modelServerCheck(options: {
  config: Pick<AgentConfig["lmStudio"], "baseUrl" | "model" | "apiKey">;
  /** `agent.slots`; 0: as many as the server says. */
  slots: number;
  timeoutMs?: number;
}): Check {
  const { config, slots, timeoutMs = ANSWER_TIMEOUT_MS } = options;
  // As model-server.ts does it: the address that other programs want ends in /v1.
  const baseUrl = config.baseUrl.replace(/\/+(v1\/*)?$/, "");
  return {
    id: "model-server",
    title: "模型服务",
    async run(signal) {
      const limit = within(timeoutMs, signal);
      try {
        const models = await listModels({ baseUrl, apiKey: config.apiKey }, limit);
        const up = server.ok(
          `${new URL(baseUrl).host} 有应答${config.apiKey === "" ? "" : "，接受访问密钥"}`,
        );
        return [up, ...judgeModels(models, config.model, slots)];
      } catch (error) {
        return [judgeFailure(error, baseUrl, limit)];
      }
    },
  };
}

function judgeFailure(error: unknown, baseUrl: string, signal: AbortSignal): Finding {
  const start =
    "在 LM Studio 的“开发者”（Developer）页启动本地服务（Start server），或运行 lms server start；核对 lmstudio.base_url";
  if (signal.aborted) return server.failed(`${new URL(baseUrl).host} 没有及时应答`, start);
  if (error instanceof ModelServerUnavailable) return server.failed(error.message, start);
  if (error instanceof ModelFailure)
    return server.failed(
      error.message,
      "在 LM Studio 的“开发者”页查看或新建访问密钥（API token），填进 lmstudio.api_key",
    );
  throw error;
}

export function judgeModels(models: readonly ListedModel[], configured: string, slots: number): Finding[] {
  if (models.length === 0) return [model.failed("没有可用的对话模型", "在 LM Studio 里下载并加载一个模型")];
  const chosen = chooseModel(models, configured);
  if (!chosen) return [judgeUnknown(models, configured)];
  if (!chosen.loaded)
    return [
      model.warning(
        `${chosen.id} 还没有加载：第一次提问要等它加载，没有打开“按需加载”（JIT）时会失败`,
        `${LOAD}，并设好上下文长度`,
      ),
    ];
  return [judgeLoaded(models, chosen, configured), judgeContext(chosen), judgeParallel(chosen, slots)];
}

function judgeUnknown(models: readonly ListedModel[], configured: string): Finding {
  const there = models.map(({ id, loaded }) => `${id}${loaded ? "（已加载）" : ""}`).join("、");
  const message = `没有 lmstudio.model 所写的 ${configured}；有的是 ${there}`;
  const advice = "改正 lmstudio.model，或留空，用已加载的那一个";
  // A server with one model answers with it whatever name it is given.
  return models.length === 1 ? model.warning(message, advice) : model.failed(message, advice);
}

function judgeLoaded(models: readonly ListedModel[], chosen: ListedModel, configured: string): Finding {
  const others = models.filter((other) => other.loaded && !isNamed(other, chosen.key));
  if (configured === "" && others.length > 0)
    return model.warning(
      `加载了不止一个模型，会用 ${chosen.id}；另有 ${others.map(({ id }) => id).join("、")}`,
      "在 lmstudio.model 写明要用的一个，或卸载其余的，把显存留给它",
    );
  return model.ok(`${chosen.id}，已加载`);
}

function judgeContext({ contextTokens }: ListedModel): Finding {
  if (contextTokens === undefined) return context.ok("模型服务没有告知");
  if (contextTokens >= COMFORTABLE_CONTEXT_TOKENS) return context.ok(`${contextTokens} 个 token`);
  return context.warning(
    `只有 ${contextTokens} 个 token，长一点的对话就放不下`,
    `在 LM Studio 里加载模型时把“上下文长度”（Context Length）设为 ${COMFORTABLE_CONTEXT_TOKENS} 以上（显存够就更大），再重新加载；或运行 lms load 模型名 --context-length ${2 * COMFORTABLE_CONTEXT_TOKENS}`,
  );
}

function judgeParallel({ parallel: atOnce }: ListedModel, slots: number): Finding {
  if (atOnce === undefined)
    return parallel.ok(slots === 0 ? "模型服务没有告知" : `模型服务没有告知；agent.slots 是 ${slots}`);
  if (slots > atOnce)
    return parallel.warning(
      `agent.slots 是 ${slots}，但模型服务同时只答 ${atOnce} 个，多出来的会排队`,
      `把 agent.slots 改成 0（跟随模型服务），或在 LM Studio 里把模型的并行数（Max Concurrent Predictions）设为 ${slots}`,
    );
  return parallel.ok(`模型服务同时答 ${atOnce} 个${slots === 0 ? "" : `，agent.slots 是 ${slots}`}`);
}
