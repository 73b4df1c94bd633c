import { pause } from "../../backoff.ts";
import { ModelServerUnavailable } from "./errors.ts";

export interface Connection {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  /** Empty: the server asks for none. */
  readonly apiKey: string;
}

/** A server that restarts or drops one connection is often back at once; longer outages are the caller's to wait out. */
const RETRY_PAUSES_MS = [100, 300];

/**
 * Sends one request, a POST when there is a body, and returns the answer whatever its status. A connection that fails
 * before the status line is tried again, since nothing of an answer was seen.
 *
 * @throws ModelServerUnavailable when no HTTP answer comes; the signal's reason when it aborts.
 */
export async function send(
  server: Connection,
  path: string,
  options: { body?: unknown; signal: AbortSignal },
): Promise<Response> {
  const { body, signal } = options;
  const init: RequestInit = {
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(server.apiKey === "" ? {} : { authorization: `Bearer ${server.apiKey}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    // llama-server closes the connection after each streamed answer although it promises keep-alive,
    // so that the next request on a pooled connection is often reset.
    keepalive: false,
    signal,
  };
  for (let attempt = 0; ; attempt++) {
    try {
      return await fetch(server.baseUrl + path, init);
    } catch (error) {
      signal.throwIfAborted();
      const pauseMs = RETRY_PAUSES_MS[attempt];
      if (pauseMs === undefined) throw unreachable(server, error);
      await pause(pauseMs, signal);
      signal.throwIfAborted();
    }
  }
}

function unreachable(server: Connection, cause: unknown): ModelServerUnavailable {
  // Only the host: the rest of an address may hold a password.
  const { host } = new URL(server.baseUrl);
  return new ModelServerUnavailable(
    `连不上模型服务（${host}），请确认 LM Studio 已启动并打开了本地服务（Local Server）`,
    { cause },
  );
}

/** The body as text, cut at about `maxBytes`: nothing promises that an error page or a list is short. */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    bytes += piece.byteLength;
    if (bytes >= maxBytes) break;
  }
  return text + decoder.decode();
}

/** undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
