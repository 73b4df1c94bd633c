import type { FailureCode } from "../../contract/reply-event.ts";

/**
 * The model server does not answer, is still starting, or has no model to answer with. Nothing of an answer was seen:
 * the same request can be made again later. `message` is Chinese, for logs and the readiness page.
 */
export class ModelServerUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ModelServerUnavailable";
  }
}

/**
 * This request failed; what came before it broke is the caller's to keep. `message` is Chinese, for the user; how to
 * make a request shorter (`too-long`, `empty-answer`) only the caller can say.
 */
export class ModelFailure extends Error {
  readonly code: Exclude<FailureCode, "internal">;
  constructor(code: ModelFailure["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ModelFailure";
    this.code = code;
  }
}

/** The server went away in mid-answer (it was stopped, or crashed): the same request may well succeed when made anew. */
export class ModelConnectionLost extends ModelFailure {
  constructor(options?: ErrorOptions) {
    super("model-error", "与模型服务的连接中断，回答不完整，请重试", options);
    this.name = "ModelConnectionLost";
  }
}
