import * as v from "valibot";
import { parseJson } from "./connection.ts";
import { ModelFailure, ModelServerUnavailable } from "./errors.ts";

/** Enough for a server's sentence; the user gets it inside a message with a limit of its own. */
const MAX_QUOTE_CHARS = 300;

const Label = v.fallback(v.optional(v.string()), undefined);

/** LM Studio says `{"error":"text"}` or, as OpenAI, `{"error":{…}}`; llama-server only the latter. */
const ErrorBody = v.object({
  error: v.union([
    v.pipe(
      v.string(),
      v.transform((message) => ({ message, type: undefined, code: undefined })),
    ),
    v.object({ message: v.fallback(v.string(), ""), type: Label, code: Label }),
  ]),
});
export type ServerError = v.InferOutput<typeof ErrorBody>["error"];

/** What went wrong, if this JSON value says that something did. */
export function errorIn(value: unknown): ServerError | undefined {
  const result = v.safeParse(ErrorBody, value);
  return result.success ? result.output.error : undefined;
}

/** How servers mark a prompt longer than the context: llama-server by type, OpenAI and those like it by code. */
const TOO_LONG = new Set(["exceed_context_size_error", "context_length_exceeded"]);

/** The failure that a server's own error is. */
export function failureOf({ message, type, code }: ServerError): ModelFailure {
  if (TOO_LONG.has(type ?? "") || TOO_LONG.has(code ?? "")) {
    return new ModelFailure("too-long", "内容超出了模型能处理的长度");
  }
  return new ModelFailure("model-error", `模型服务报告错误：${quote(message)}`);
}

function quote(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  if (line === "") return "没有说明原因";
  return line.length > MAX_QUOTE_CHARS ? `${line.slice(0, MAX_QUOTE_CHARS)}…` : line;
}

/** Too many requests; a proxy without its server; a model that is loading (llama-server: 503). */
const TRY_LATER = new Set([429, 502, 503, 504]);

/** What an HTTP answer means that is not the stream or the list that was asked for. */
export function refusalOf(status: number, body: string): ModelFailure | ModelServerUnavailable {
  // Not its words: such a message may repeat a part of the key.
  if (status === 401 || status === 403) return keyRefused();
  if (TRY_LATER.has(status)) {
    return new ModelServerUnavailable(`模型服务暂时不能回答（HTTP ${status}），可能正在加载模型`);
  }
  const error = errorIn(parseJson(body));
  if (error) return failureOf(error);
  return new ModelFailure(
    "model-error",
    `模型服务的回应无法识别（HTTP ${status}），请管理员检查 lmstudio.base_url`,
  );
}

function keyRefused(): ModelFailure {
  return new ModelFailure("model-error", "模型服务拒绝了访问密钥，请管理员检查 lmstudio.api_key");
}
