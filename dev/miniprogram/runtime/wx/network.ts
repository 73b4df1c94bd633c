import type { Problems } from "../report.ts";
import { type Options, wxFunction } from "./call.ts";
import type { WxEvents } from "./events.ts";

/** The phone's network, which can be switched off. */
export interface Network {
  readonly online: boolean;
  setOnline(online: boolean): void;
  /** Where an address of the mini-program really is. */
  locate(url: string, scheme: "wss" | "https"): string;
  onCut(listener: () => void): () => void;
  readonly functions: Readonly<Record<string, unknown>>;
}

export function openNetwork(
  hosts: Readonly<Record<string, string>>,
  { events, problems }: { events: WxEvents; problems: Problems },
): Network {
  let online = true;
  const cutListeners = new Set<() => void>();
  const state = () => ({ networkType: online ? "wifi" : "none" });
  const setOnline = (next: boolean) => {
    if (next === online) return;
    online = next;
    if (!online) for (const listener of cutListeners) listener();
    events.emit("NetworkStatusChange", { isConnected: online, ...state() });
  };
  window.addEventListener("online", () => setOnline(true));
  window.addEventListener("offline", () => setOnline(false));
  const network: Network = {
    get online() {
      return online;
    },
    setOnline,
    locate(url, scheme) {
      if (!url.startsWith(`${scheme}://`))
        problems.report("socket", `${url}: only ${scheme}:// is let through`);
      const host = Object.keys(hosts).find((host) => url.startsWith(host));
      return host === undefined ? url : `${hosts[host]}${url.slice(host.length)}`;
    },
    onCut(listener) {
      cutListeners.add(listener);
      return () => cutListeners.delete(listener);
    },
    functions: {
      getNetworkType: wxFunction("getNetworkType", () => ({ ...state(), hasSystemProxy: false })),
      request: (options: Options) => request(options, network),
    },
  };
  return network;
}

const REQUEST_TIMEOUT_MS = 60_000;

function request(options: Options, network: Network) {
  const abort = new AbortController();
  const {
    url,
    method = "GET",
    data,
    header = {},
    dataType = "json",
    responseType = "text",
    timeout,
  } = options;
  const run = wxFunction("request", async () => {
    if (!network.online) throw new Error("network is down");
    const signal = AbortSignal.any([
      abort.signal,
      AbortSignal.timeout(Number(timeout ?? REQUEST_TIMEOUT_MS)),
    ]);
    const response = await fetch(network.locate(String(url), "https"), {
      method: String(method),
      headers: header as Record<string, string>,
      credentials: "omit",
      signal,
      ...(data === undefined ? {} : { body: typeof data === "string" ? data : JSON.stringify(data) }),
    });
    const body = responseType === "arraybuffer" ? await response.arrayBuffer() : await response.text();
    return {
      data: typeof body === "string" && dataType === "json" ? parsed(body) : body,
      statusCode: response.status,
      header: Object.fromEntries(response.headers),
    };
  });
  run({ fail: () => undefined, ...options })?.catch(reportError);
  return { abort: () => abort.abort(new Error("abort")) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
