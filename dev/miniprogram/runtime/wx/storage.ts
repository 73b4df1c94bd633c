import type { Problems } from "../report.ts";
import { type Options, wxFunction } from "./call.ts";

/** https://developers.weixin.qq.com/miniprogram/dev/framework/ability/storage.html */
const MAX_STORAGE_BYTES = 10 * 1024 * 1024;
const MAX_VALUE_BYTES = 1024 * 1024;

/** wx storage, in the browser's own, under keys that begin with `name`. */
export function storageFunctions(name: string, problems: Problems): Readonly<Record<string, unknown>> {
  const sizes = new Map<string, number>();
  const keyOf = (key: unknown) => `${name}:${String(key)}`;
  const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(`${name}:`));
  for (const key of keys()) sizes.set(key, (localStorage.getItem(key) ?? "").length);

  function set(key: unknown, value: unknown): void {
    if (value === undefined) problems.report("storage", `setStorageSync("${String(key)}", undefined)`);
    const text = JSON.stringify(value ?? "");
    if (text.length > MAX_VALUE_BYTES)
      problems.report("storage", `"${String(key)}" holds ${text.length} characters`);
    sizes.set(keyOf(key), text.length);
    const total = [...sizes.values()].reduce((a, b) => a + b, 0);
    if (total > MAX_STORAGE_BYTES) problems.report("storage", `${total} characters in all`);
    localStorage.setItem(keyOf(key), text);
  }
  function get(key: unknown): unknown {
    const text = localStorage.getItem(keyOf(key));
    return text === null ? "" : (JSON.parse(text) as unknown);
  }
  function remove(key: unknown): void {
    sizes.delete(keyOf(key));
    localStorage.removeItem(keyOf(key));
  }
  function clear(): void {
    for (const key of keys()) localStorage.removeItem(key);
    sizes.clear();
  }
  const info = () => ({
    keys: keys().map((key) => key.slice(name.length + 1)),
    currentSize: Math.ceil([...sizes.values()].reduce((a, b) => a + b, 0) / 1024),
    limitSize: MAX_STORAGE_BYTES / 1024,
  });
  return {
    setStorageSync: set,
    getStorageSync: get,
    removeStorageSync: remove,
    clearStorageSync: clear,
    getStorageInfoSync: info,
    setStorage: wxFunction("setStorage", ({ key, data }: Options) => set(key, data)),
    getStorage: wxFunction("getStorage", ({ key }: Options) => {
      if (localStorage.getItem(keyOf(key)) === null) throw new Error("data not found");
      return { data: get(key) };
    }),
    removeStorage: wxFunction("removeStorage", ({ key }: Options) => remove(key)),
    clearStorage: wxFunction("clearStorage", clear),
    getStorageInfo: wxFunction("getStorageInfo", info),
  };
}
