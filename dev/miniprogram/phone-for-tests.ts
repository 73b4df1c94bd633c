import type { SocketTask, WxPort } from "../../miniprogram/utils/wx-port.ts";

/** A phone with WeChat, as far as the mini-program's core uses it, on Bun's own sockets. */
export interface TestPhone {
  readonly wx: WxPort;
  /** What WeChat keeps for the app; a second phone with the same is a cold start of the first one's app. */
  readonly storage: Map<string, unknown>;
  /** Sockets made so far. */
  sockets(): number;
  /** Most that were there at the same time. */
  mostSockets(): number;
  /** Times that WeChat was asked who this is. */
  logins(): number;
  hide(): void;
  show(): void;
  /** Without a network all sockets end, and none can be opened. */
  setNetwork(isConnected: boolean): void;
  /** The present sockets go silent without a word, as behind a NAT that forgot them. */
  freeze(): void;
  /** What is said to the present sockets is not heard any more; what they say is. */
  deafen(): void;
  /** Whose code the next sign-in gets. */
  become(code: string): void;
}

interface PhoneSocket {
  readonly socket: WebSocket;
  isFrozen: boolean;
  isDeaf: boolean;
  end(): void;
}

export function startPhone(options: {
  code: string;
  /** Its codes come from WeCom. */
  inWecom?: boolean;
  storage?: Map<string, unknown>;
}): TestPhone {
  const { inWecom = false, storage = new Map<string, unknown>() } = options;
  const present = new Set<PhoneSocket>();
  const shown = new Set<() => void>();
  const hidden = new Set<() => void>();
  const networks = new Set<(status: { isConnected?: boolean }) => void>();
  let code = options.code;
  let made = 0;
  let most = 0;
  let logins = 0;
  let isConnected = true;

  const login: WxPort["login"] = ({ success }) => {
    logins++;
    queueMicrotask(() => success({ code }));
  };

  function connectSocket({ url }: { url: string }): SocketTask {
    const socket = new WebSocket(isConnected ? url : "ws://127.0.0.1:1");
    const task = openTask(socket, () => present.delete(task.state));
    present.add(task.state);
    made++;
    most = Math.max(most, present.size);
    return task;
  }

  return {
    storage,
    wx: {
      connectSocket,
      login,
      ...(inWecom ? { qy: { login } } : {}),
      getSystemInfoSync: () => (inWecom ? { environment: "wxwork" } : {}),
      getDeviceInfo: () => ({ brand: "iPhone", model: "iPhone 15<iPhone15,4>" }),
      // WeChat keeps what can be written as JSON.
      getStorageSync: (key) => structuredClone(storage.get(key)) ?? "",
      setStorageSync: (key, data) => void storage.set(key, structuredClone(data)),
      onAppShow: (listener) => void shown.add(listener),
      offAppShow: (listener) => void shown.delete(listener),
      onAppHide: (listener) => void hidden.add(listener),
      offAppHide: (listener) => void hidden.delete(listener),
      onNetworkStatusChange: (listener) => void networks.add(listener),
      offNetworkStatusChange: (listener) => void networks.delete(listener),
    },
    sockets: () => made,
    mostSockets: () => most,
    logins: () => logins,
    hide() {
      for (const listener of hidden) listener();
    },
    show() {
      for (const listener of shown) listener();
    },
    setNetwork(next) {
      isConnected = next;
      if (!next) for (const socket of present) socket.end();
      for (const listener of networks) listener({ isConnected });
    },
    freeze() {
      for (const socket of present) socket.isFrozen = true;
    },
    deafen() {
      for (const socket of present) socket.isDeaf = true;
    },
    become(next) {
      code = next;
    },
  };
}

/** A task tells nothing more once it is frozen, and takes all that is sent without sending it. */
function openTask(socket: WebSocket, onEnd: () => void): SocketTask & { state: PhoneSocket } {
  const state: PhoneSocket = { socket, isFrozen: false, isDeaf: false, end: () => socket.terminate() };
  const unlessFrozen = (tell: () => void) => {
    if (!state.isFrozen) tell();
  };
  socket.addEventListener("close", onEnd);
  return {
    state,
    send({ data, fail }) {
      if (state.isFrozen) return;
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
      else fail?.({ errMsg: "sendSocketMessage:fail" });
    },
    close({ code, reason }) {
      if (state.isFrozen) socket.terminate();
      else socket.close(code, reason);
    },
    onOpen: (listener) => socket.addEventListener("open", () => unlessFrozen(listener)),
    onMessage: (listener) =>
      socket.addEventListener("message", ({ data }: MessageEvent<string>) =>
        unlessFrozen(() => {
          if (!state.isDeaf) listener({ data });
        }),
      ),
    onClose: (listener) =>
      socket.addEventListener("close", ({ code, reason }) => unlessFrozen(() => listener({ code, reason }))),
    onError: (listener) =>
      socket.addEventListener("error", () => unlessFrozen(() => listener({ errMsg: "connect fail" }))),
  };
}
