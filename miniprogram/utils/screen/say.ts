import { errorText } from "../error-text";

/** A short word at the middle of the screen. */
export function say(text: string): void {
  wx.showToast({ title: text, icon: "none", duration: 2_000, fail: ignore });
}

/** What went wrong, as `say` says it. */
export function complain(error: unknown): void {
  say(errorText(error));
}

/** A light touch on the finger. Not every phone can. */
export function buzz(): void {
  wx.vibrateShort({ type: "light", fail: ignore });
}

function ignore(): void {
  // Nothing depends on it.
}
