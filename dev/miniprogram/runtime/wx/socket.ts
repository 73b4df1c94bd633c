import type { Problems } from "../report.ts";
import { type Options, wxFunction } from "./call.ts";
import type { Network } from "./network.ts";

const MAX_SOCKETS = 5;
const OPEN = 1;
/** What a socket is told when the phone, and not the other side, ends it. */
const ABNORMAL = 1006;

type Handler = (value: unknown) => void;
type Kind = "open" | "message" | "close" | "error";

/** Sockets of the mini-program. */
export interface Sockets {
  readonly open: number;
  /** Ends all, as WeChat does a few seconds after the app has left the screen. */
  interrupt(): void;
  readonly functions: Readonly<Record<string, unknown>>;
}

export function openSockets(network: Network, problems: Problems): Sockets {
  const live = new Set<() => void>();
  network.onCut(() => {
    for (const cut of live) cut();
  });

  function connectSocket(options: Options) {
    const handlers: Record<Kind, Handler[]> = { open: [], message: [], close: [], error: [] };
    const emit = (kind: Kind, value: unknown) => {
      for (const handler of handlers[kind]) {
        try {
          handler(value);
        } catch (error) {
          reportError(error);
        }
      }
    };
    const refused = refusal();
    const socket =
      refused === undefined ? new WebSocket(network.locate(String(options["url"]), "wss")) : undefined;
    let ended = socket === undefined;
    const end = (code: number, reason: string) => {
      if (ended) return;
      ended = true;
      live.delete(cut);
      emit("close", { code, reason });
    };
    const cut = () => {
      socket?.close();
      emit("error", { errMsg: "interrupted" });
      end(ABNORMAL, "interrupted");
    };
    if (socket) {
      live.add(cut);
      socket.binaryType = "arraybuffer";
      socket.addEventListener("open", () => emit("open", { header: {} }));
      socket.addEventListener("message", ({ data }) => {
        if (!ended) emit("message", { data: data as unknown });
      });
      socket.addEventListener("error", () => {
        if (!ended) emit("error", { errMsg: "connect fail" });
      });
      socket.addEventListener("close", ({ code, reason }) => end(code, reason));
    }
    answer("connectSocket", options, refused);
    if (refused !== undefined) {
      setTimeout(() => {
        emit("error", { errMsg: `connectSocket:fail ${refused}` });
        emit("close", { code: ABNORMAL, reason: refused });
      });
    }
    const on = (kind: Kind) => (handler: Handler) => {
      handlers[kind].push(handler);
    };
    return {
      onOpen: on("open"),
      onMessage: on("message"),
      onClose: on("close"),
      onError: on("error"),
      send(message: Options) {
        const ready = !ended && socket?.readyState === OPEN;
        if (ready) socket.send(message["data"] as string);
        answer("sendSocketMessage", message, ready ? undefined : "WebSocket is not connected");
      },
      close(how: Options = {}) {
        socket?.close(Number(how["code"] ?? 1000), typeof how["reason"] === "string" ? how["reason"] : "");
        answer("closeSocket", how, undefined);
      },
    };
  }

  function refusal(): string | undefined {
    if (!network.online) return "network is down";
    if (live.size < MAX_SOCKETS) return undefined;
    problems.report("socket", `more than ${MAX_SOCKETS} sockets at once`);
    return `exceed max socket connection limit ${MAX_SOCKETS}`;
  }

  return {
    get open() {
      return live.size;
    },
    interrupt() {
      for (const cut of live) cut();
    },
    functions: { connectSocket },
  };
}

/** These answer by callbacks alone. */
function answer(name: string, options: Options, refused: string | undefined): void {
  wxFunction(name, () => {
    if (refused !== undefined) throw new Error(refused);
  })({ fail: () => undefined, ...options })?.catch(reportError);
}
