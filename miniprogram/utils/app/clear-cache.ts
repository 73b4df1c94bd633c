interface Storage {
  getStorageInfoSync(): { keys: string[] };
  removeStorageSync(key: string): void;
}

/** Everything else comes again from the gateway. */
const KEPT = /^(?:session-token|device-removed|outbox|theme)$|draft/;

/** Forgets what is only kept to show something before the gateway has answered; nothing that somebody wrote or chose. */
export function clearCache(wx: Storage): void {
  for (const key of wx.getStorageInfoSync().keys) if (!KEPT.test(key)) wx.removeStorageSync(key);
}
