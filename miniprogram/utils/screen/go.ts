/** Opens a page on top. A second tap while the first still opens it is refused by WeChat, rightly. */
export function go(url: string): void {
  wx.navigateTo({ url, fail: () => undefined });
}

/** Goes to the page of a tab. */
export function goToTab(url: string): void {
  wx.switchTab({ url, fail: () => undefined });
}
