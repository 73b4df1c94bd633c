import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import { type NetworkTrouble, networkTrouble } from "../../doctor/network-trouble.ts";

/** The gateway's health page: beside the link, `wss://host/link` → `https://host/healthz`. */
export function healthUrl(linkUrl: string): string {
  return new URL("healthz", httpUrl(linkUrl)).href;
}

function httpUrl(linkUrl: string): string {
  return linkUrl.replace(/^ws/, "http");
}

/** How far one comes: DNS and TCP. Undefined: all the way. */
export async function knock(linkUrl: string, signal: AbortSignal): Promise<NetworkTrouble | undefined> {
  const { hostname, port, protocol } = new URL(linkUrl);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  try {
    if (!isIP(host)) await orAborted(lookup(host), signal);
    await connectOnce(host, Number(port) || (protocol === "wss:" ? 443 : 80), signal);
    return undefined;
  } catch (error) {
    return networkTrouble(error, signal);
  }
}

export interface HttpAnswer {
  readonly status: number;
  /** The body; undefined when it is not JSON. */
  readonly json: unknown;
}

/** Fetches over HTTP(S) as the link would; the trouble when nothing was answered. */
export async function ask(
  url: string,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<HttpAnswer | NetworkTrouble> {
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal,
      ...(ca === undefined ? {} : { tls: { ca } }),
    });
    const json: unknown = await response.json().catch(() => undefined);
    return { status: response.status, json };
  } catch (error) {
    return networkTrouble(error, signal);
  }
}

/** What the link's address answers to the request to become a WebSocket: 101 when it does; undefined: nothing. */
export async function upgradeStatus(
  linkUrl: string,
  ca: string | undefined,
  signal: AbortSignal,
): Promise<number | undefined> {
  const ended = new AbortController();
  try {
    const response = await fetch(httpUrl(linkUrl), {
      headers: {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64"),
      },
      redirect: "manual",
      signal: AbortSignal.any([signal, ended.signal]),
      ...(ca === undefined ? {} : { tls: { ca } }),
    });
    return response.status;
  } catch {
    return undefined;
  } finally {
    ended.abort();
  }
}

function connectOnce(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const abort = () => socket.destroy(new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", reject);
    socket.once("close", () => signal.removeEventListener("abort", abort));
  });
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
