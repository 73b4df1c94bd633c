/** What tRPC's client uses of an AbortController, which a mini-program does not have; the build puts it in its place. */
class AbortSignal {
  aborted = false;
  reason: unknown = undefined;
  private listeners: (() => void)[] = [];

  addEventListener(_kind: "abort", listener: () => void): void {
    this.listeners.push(listener);
  }

  removeEventListener(_kind: "abort", listener: () => void): void {
    this.listeners = this.listeners.filter((known) => known !== listener);
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.listeners.slice()) listener();
  }
}

export class AbortController {
  readonly signal = new AbortSignal();

  abort(reason: unknown = new Error("aborted")): void {
    this.signal.abort(reason);
  }
}
