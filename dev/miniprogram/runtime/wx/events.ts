import type { ListenerCount } from "../listeners.ts";

type Listener = (value: unknown) => void;

/** Pairs of wx.on… and wx.off…, counted. */
export interface WxEvents {
  emit(name: string, value?: unknown): void;
  /** The functions, by their names in wx. */
  readonly functions: Readonly<Record<string, (listener?: Listener) => void>>;
}

const NAMES = ["NetworkStatusChange", "AppShow", "AppHide", "ThemeChange", "KeyboardHeightChange"];

export function openWxEvents(listeners: ListenerCount): WxEvents {
  const known = new Map<string, Map<Listener, () => void>>();
  const functions: Record<string, (listener?: Listener) => void> = {};
  for (const name of NAMES) {
    const own = new Map<Listener, () => void>();
    known.set(name, own);
    functions[`on${name}`] = (listener) => {
      if (listener && !own.has(listener)) own.set(listener, listeners.add(`wx.on${name}`));
    };
    functions[`off${name}`] = (listener) => {
      for (const one of listener ? [listener] : [...own.keys()]) {
        own.get(one)?.();
        own.delete(one);
      }
    };
  }
  return {
    emit(name, value) {
      for (const listener of known.get(name)?.keys() ?? []) {
        try {
          listener(value);
        } catch (error) {
          reportError(error);
        }
      }
    },
    functions,
  };
}
