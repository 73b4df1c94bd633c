/** wx.getUpdateManager: a new version of the mini-program can be played by `ready`. */
export interface Updates {
  ready(): void;
  readonly functions: Readonly<Record<string, unknown>>;
}

export function openUpdates(): Updates {
  const checked = new Set<(result: { hasUpdate: boolean }) => void>();
  const ready = new Set<() => void>();
  const manager = {
    onCheckForUpdate(listener: (result: { hasUpdate: boolean }) => void) {
      checked.add(listener);
      setTimeout(() => listener({ hasUpdate: false }));
    },
    onUpdateReady(listener: () => void) {
      ready.add(listener);
    },
    onUpdateFailed: () => undefined,
    applyUpdate: () => location.reload(),
  };
  return {
    ready() {
      for (const listener of checked) listener({ hasUpdate: true });
      for (const listener of ready) listener();
    },
    functions: { getUpdateManager: () => manager },
  };
}
