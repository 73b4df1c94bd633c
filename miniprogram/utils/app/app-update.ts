/** What telling of a new version needs. https://developers.weixin.qq.com/miniprogram/dev/api/base/update/UpdateManager.html */
export interface UpdatePort {
  getUpdateManager(): { onUpdateReady(listener: () => void): void; applyUpdate(): void };
  showModal(options: {
    title: string;
    content: string;
    confirmText: string;
    cancelText: string;
    success(result: { confirm: boolean }): void;
  }): unknown;
}

/** WeChat fetches new versions by itself, and starts them at a cold start; people may want one at once. */
export function offerUpdates(wx: UpdatePort): void {
  const updates = wx.getUpdateManager();
  updates.onUpdateReady(() => {
    wx.showModal({
      title: "新版本已经准备好",
      content: "重启小程序即可使用新版本，\n没发出的消息会保留。",
      confirmText: "现在重启",
      cancelText: "稍后",
      success: ({ confirm }) => {
        if (confirm) updates.applyUpdate();
      },
    });
  });
}
