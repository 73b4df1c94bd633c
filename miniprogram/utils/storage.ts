import type { WxPort } from "./wx-port";

/** What outlives the app. What cannot be read or written (a full phone) is as if it had not been kept. */
export interface Storage {
  read(key: string): unknown;
  /** Without a value the key is forgotten. */
  write(key: string, value: unknown): void;
}

export function openStorage(wx: Pick<WxPort, "getStorageSync" | "setStorageSync">): Storage {
  return {
    read(key) {
      try {
        const value = wx.getStorageSync(key);
        // A key that is not there reads as "".
        return value === "" ? undefined : value;
      } catch {
        return undefined;
      }
    },
    write(key, value) {
      try {
        wx.setStorageSync(key, value ?? "");
      } catch {
        // The app goes on with what it has in memory.
      }
    },
  };
}
