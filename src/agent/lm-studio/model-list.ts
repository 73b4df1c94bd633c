import * as v from "valibot";
import { type Connection, parseJson, readText, send } from "./connection.ts";
import { ModelServerUnavailable } from "./errors.ts";
import { refusalOf } from "./server-error.ts";

/** A model that can chat; embedding models are left out. */
export interface ListedModel {
  /** What to put in a request's `model`. */
  readonly id: string;
  /** The name of the model of which `id` may be one loaded instance. */
  readonly key: string;
  readonly loaded: boolean;
  /** Of the loaded model, not the most it could have; tokens. */
  readonly contextTokens: number | undefined;
  /** Requests that it answers at once; others wait. */
  readonly parallel: number | undefined;
  /** Whether the server can say how far the loading is (`watchLoading`). */
  readonly showsLoading?: true;
}

/** A list has about 1 KB for each model on the disk. */
const MAX_LIST_BYTES = 4 * 1024 * 1024;

/**
 * The models of the server, by the newest listing that it knows: LM Studio 0.4, LM Studio 0.3, any OpenAI-compatible one.
 *
 * @throws ModelServerUnavailable when it does not answer or cannot list, ModelFailure when it refuses the key.
 */
export async function listModels(server: Connection, signal: AbortSignal): Promise<readonly ListedModel[]> {
  const models =
    (await lmStudio04(server, signal)) ??
    (await lmStudio03(server, signal)) ??
    (await openAiCompatible(server, signal));
  if (models) return models;
  throw new ModelServerUnavailable("这个地址上没有可识别的模型服务，请检查 lmstudio.base_url");
}

const Count = v.fallback(v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))), undefined);
const CHAT_TYPES = ["llm", "vlm"];

const LmStudio04 = v.object({
  models: v.array(
    v.object({
      key: v.string(),
      type: v.string(),
      loaded_instances: v.array(
        v.object({ id: v.string(), config: v.object({ context_length: Count, parallel: Count }) }),
      ),
    }),
  ),
});

async function lmStudio04(server: Connection, signal: AbortSignal): Promise<ListedModel[] | undefined> {
  const list = await get(server, "/api/v1/models", LmStudio04, signal);
  return list?.models
    .filter(({ type }) => CHAT_TYPES.includes(type))
    .flatMap(({ key, loaded_instances }): ListedModel[] =>
      loaded_instances.length === 0
        ? [{ id: key, key, loaded: false, contextTokens: undefined, parallel: undefined, showsLoading: true }]
        : loaded_instances.map(({ id, config }) => ({
            id,
            key,
            loaded: true,
            contextTokens: config.context_length,
            parallel: config.parallel,
          })),
    );
}

const LmStudio03 = v.object({
  data: v.array(
    v.object({
      id: v.string(),
      type: v.string(),
      state: v.string(),
      loaded_context_length: Count,
      max_context_length: Count,
    }),
  ),
});

async function lmStudio03(server: Connection, signal: AbortSignal): Promise<ListedModel[] | undefined> {
  const list = await get(server, "/api/v0/models", LmStudio03, signal);
  return list?.data
    .filter(({ type }) => CHAT_TYPES.includes(type))
    .map(({ id, state, loaded_context_length, max_context_length }) => {
      const loaded = state === "loaded";
      const contextTokens = loaded ? (loaded_context_length ?? max_context_length) : undefined;
      return { id, key: id, loaded, contextTokens, parallel: undefined };
    });
}

/** `meta` and `status` are llama-server's; `status` only where it loads models on demand. */
const OpenAiCompatible = v.object({
  data: v.array(
    v.object({
      id: v.string(),
      meta: v.fallback(v.optional(v.object({ n_ctx: Count })), undefined),
      status: v.fallback(v.optional(v.object({ value: v.string() })), undefined),
    }),
  ),
});

/** LM Studio before 0.3.6 lists embedding models here too, and gives their names this beginning. */
const EMBEDDING_PREFIX = "text-embedding-";

async function openAiCompatible(server: Connection, signal: AbortSignal): Promise<ListedModel[] | undefined> {
  const list = await get(server, "/v1/models", OpenAiCompatible, signal);
  if (!list) return undefined;
  const models = list.data
    .filter(({ id }) => !id.startsWith(EMBEDDING_PREFIX))
    .map(({ id, meta, status }) => ({ id, meta, loaded: status === undefined || status.value === "loaded" }));
  return Promise.all(
    models.map(async ({ id, meta, loaded }) => {
      const props = loaded && meta ? await llamaProperties(server, id, signal) : undefined;
      const contextTokens = props?.default_generation_settings?.n_ctx ?? meta?.n_ctx;
      return { id, key: id, loaded, contextTokens, parallel: props?.total_slots };
    }),
  );
}

const LlamaProperties = v.object({
  total_slots: Count,
  default_generation_settings: v.fallback(v.optional(v.object({ n_ctx: Count })), undefined),
});

function llamaProperties(server: Connection, model: string, signal: AbortSignal) {
  return get(server, `/props?model=${encodeURIComponent(model)}`, LlamaProperties, signal);
}

/**
 * undefined when the server does not know this endpoint. LM Studio says so with status 200 and an error in the body,
 * which the schema does not match.
 */
async function get<T>(
  server: Connection,
  path: string,
  schema: v.GenericSchema<unknown, T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const response = await send(server, path, { signal });
  const body = await readBody(response, signal);
  if (response.ok) {
    const result = v.safeParse(schema, parseJson(body));
    return result.success ? result.output : undefined;
  }
  const refusal = refusalOf(response.status, body);
  if (response.status >= 500 || refusal instanceof ModelServerUnavailable) {
    throw new ModelServerUnavailable(refusal.message);
  }
  if (response.status === 401 || response.status === 403) throw refusal;
  return undefined;
}

async function readBody(response: Response, signal: AbortSignal): Promise<string> {
  try {
    return await readText(response, MAX_LIST_BYTES);
  } catch (error) {
    signal.throwIfAborted();
    throw new ModelServerUnavailable("读取模型列表时连接中断", { cause: error });
  }
}

/** The model that a request with this configured name (empty: none) gets; the loaded ones come first. */
export function chooseModel(models: readonly ListedModel[], configured: string): ListedModel | undefined {
  const loadedFirst = models.toSorted((a, b) => Number(b.loaded) - Number(a.loaded));
  if (configured === "") return loadedFirst[0];
  return loadedFirst.find((model) => isNamed(model, configured));
}

/** True when the server knows the model by this name, loaded or not. */
export function isNamed(model: ListedModel, name: string): boolean {
  return model.id === name || model.key === name;
}
