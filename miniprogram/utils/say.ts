/** A short word at the middle of the screen. */
export function say(text: string): void {
  wx.showToast({ title: text, icon: "none", duration: 2_000, fail: ignore });
}

/** A light touch on the finger. Not every phone can. */
export function buzz(): void {
  wx.vibrateShort({ type: "light", fail: ignore });
}

/** Opens a page on top. A second tap while the first still opens it is refused by WeChat, rightly. */
export function go(url: string): void {
  wx.navigateTo({ url, fail: ignore });
}

function ignore(): void {
  // Nothing depends on it.
}
