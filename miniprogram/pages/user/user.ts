import { themedPage } from "../../behaviors/themed-page";
import { clearCache } from "../../utils/app/clear-cache";
import { versionText } from "../../utils/app/version";
import { go } from "../../utils/screen/go";
import { buzz, say } from "../../utils/screen/say";

/** Who one is, and how one likes it. */
themedPage({
  data: { version: versionText(wx) },

  openDevices(): void {
    go("/pages/devices/devices");
  },
  openAbout(): void {
    go("/pages/about/about");
  },
  openContract(): void {
    wx.openPrivacyContract({ fail: () => say("暂时打不开，请稍后再试") });
  },
  async confirmClearing(): Promise<void> {
    buzz();
    const { confirm } = await wx.showModal({
      title: "清除缓存？",
      content: "只清除这台设备上的缓存，会话、任务、草稿和未发出的消息都会保留。",
      confirmText: "清除",
    });
    if (!confirm) return;
    clearCache(wx);
    say("已清除");
  },
});
