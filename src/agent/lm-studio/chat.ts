import { answerReader, type ModelEvent } from "./answer.ts";
import { type Connection, readText, send } from "./connection.ts";
import { ModelConnectionLost, ModelFailure, ModelServerUnavailable } from "./errors.ts";
import { isNamed, listModels } from "./model-list.ts";
import { limitRequest, type RequestLimit } from "./request-limit.ts";
import { refusalOf } from "./server-error.ts";
import { readEvents } from "./sse.ts";

export interface ChatMessage {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface ChatTimeouts {
  /** Silence before the first words. In it the model is loaded, others are served first, and the prompt is read. */
  firstWordMs: number;
  /** Silence after them; any byte ends it, a comment line too. */
  idleMs: number;
  /** From the request to the end of the answer. */
  totalMs: number;
}

const MAX_ERROR_BYTES = 64 * 1024;

/** See `ModelServer.chat`. */
export async function* streamAnswer(
  server: Connection,
  request: { model: string; messages: readonly ChatMessage[] },
  timeouts: ChatTimeouts,
  caller: AbortSignal,
): AsyncGenerator<ModelEvent> {
  caller.throwIfAborted();
  const limit = limitRequest(caller);
  limit.endAfter(timeouts.totalMs, tooSlow);
  try {
    const body = await limit.wait(open(server, request, limit.signal), timeouts.firstWordMs, silent);
    const answer = answerReader();
    let silenceMs = timeouts.firstWordMs;
    const bytes = audible(body, limit, () => silenceMs);
    reading: for await (const events of readEvents(bytes)) {
      for (const event of events) {
        for (const piece of answer.take(event)) {
          silenceMs = timeouts.idleMs;
          yield piece;
        }
        if (answer.isDone()) break reading;
      }
    }
    yield* answer.rest();
    yield answer.end();
  } finally {
    limit.close();
  }
}

function tooSlow(): ModelFailure {
  return new ModelFailure("model-timeout", "模型用时过长，已中止；请换个说法或稍后再试");
}

function silent(): ModelFailure {
  return new ModelFailure("model-timeout", "模型服务长时间没有回应，请稍后再试");
}

async function open(
  server: Connection,
  request: { model: string; messages: readonly ChatMessage[] },
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await send(server, "/v1/chat/completions", {
    body: { ...request, stream: true, stream_options: { include_usage: true } },
    signal,
  });
  const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (response.ok && isStream && response.body) return response.body;
  throw await refusal(server, request.model, response, signal);
}

async function refusal(
  server: Connection,
  model: string,
  response: Response,
  signal: AbortSignal,
): Promise<Error> {
  const { status } = response;
  const refused = refusalOf(status, await readText(response, MAX_ERROR_BYTES).catch(() => ""));
  const mayLackModel = (status === 400 || status === 404) && refused.name === "ModelFailure";
  if (!mayLackModel || (refused instanceof ModelFailure && refused.code !== "model-error")) return refused;
  return (await lacksModel(server, model, signal))
    ? new ModelServerUnavailable("模型服务没有加载任何模型，请在 LM Studio 中加载一个模型")
    : refused;
}

/**
 * LM Studio that may not load models by itself refuses as long as none is loaded; the listing tells that from a wrong
 * request, its words are not for us to interpret. A name that it does not know at all is a wrong request.
 */
async function lacksModel(server: Connection, name: string, signal: AbortSignal): Promise<boolean> {
  try {
    const models = await listModels(server, signal);
    if (models.some(({ loaded }) => loaded)) return false;
    return models.length === 0 || models.some((model) => isNamed(model, name));
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** The bytes of the body. A comment line is a sign of life too, so silence is measured here and not between events. */
async function* audible(
  body: ReadableStream<Uint8Array>,
  limit: RequestLimit,
  silenceMs: () => number,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await limit.wait(reader.read(), silenceMs(), silent);
      if (done) return;
      yield value;
    }
  } catch (error) {
    limit.signal.throwIfAborted();
    throw new ModelConnectionLost({ cause: error });
  } finally {
    // Of a connection that has failed already, only the failure matters.
    await reader.cancel().catch(() => {});
  }
}
