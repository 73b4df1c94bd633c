/** How the LM Studio stand-in can go wrong, for one request. Each was seen on a real server or a proxy before one. */
export type Fault =
  /** Answers with this instead of a stream; see the ready-made ones below. */
  | { t: "status"; status: number; body: string; contentType: string }
  /** Closes the connection without an answer. */
  | { t: "reset" }
  /** Takes the request and never says a word. */
  | { t: "silent" }
  /** Falls silent after so many tokens, with the connection open; sends comment lines if told to. */
  | { t: "stall"; afterTokens: number; commentEveryMs?: number }
  /**
   * Breaks the connection off after so many tokens; with `inCharacter`, after the first byte of a Chinese one. What is on
   * its way when a connection breaks may be lost with it: `arrived` resolves when the tokens are where they should be.
   */
  | { t: "cut"; afterTokens: number; inCharacter?: boolean; arrived?: () => Promise<void> }
  /** Reports an error inside the stream that began with status 200: LM Studio names the event, llama-server does not. */
  | { t: "error-event"; afterTokens: number; named: boolean; message: string }
  /** The whole answer, with or without its finish reason, but no `[DONE]`. */
  | { t: "no-done"; finish: boolean }
  /** A stream without a word: what LM Studio does with some prompts that are too long. */
  | { t: "empty" }
  /** These pieces instead of an answer, each in a write of its own. */
  | { t: "raw"; pieces: readonly (string | Uint8Array)[] };

const JSON_TYPE = "application/json; charset=utf-8";

export const serverError: Fault = {
  t: "status",
  status: 500,
  body: `{"error":"Internal server error"}`,
  contentType: JSON_TYPE,
};

export const htmlPage: Fault = {
  t: "status",
  status: 200,
  body: "<!doctype html><title>nginx</title><h1>Welcome</h1>",
  contentType: "text/html",
};

export const badGateway: Fault = {
  t: "status",
  status: 502,
  body: "<html><h1>502 Bad Gateway</h1></html>",
  contentType: "text/html",
};

/** llama-server's words. */
export const contextOverflow: Fault = {
  t: "status",
  status: 400,
  body: `{"error":{"code":400,"message":"request (54010 tokens) exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":54010,"n_ctx":4096}}`,
  contentType: JSON_TYPE,
};

/** LM Studio's words, when it may not load a model by itself. */
export const noModelLoaded: Fault = {
  t: "status",
  status: 404,
  body: '{"error":{"message":"No models loaded. Please load a model in the developer page or use the `lms load` command.","type":"invalid_request_error","param":"model","code":"model_not_found"}}',
  contentType: JSON_TYPE,
};

/** LM Studio answers so, with status 200, to a path that it does not know. */
export const unexpectedEndpoint: Fault = {
  t: "status",
  status: 200,
  body: `{"error":"Unexpected endpoint or method. (POST /v1/chat/completions)"}`,
  contentType: JSON_TYPE,
};
