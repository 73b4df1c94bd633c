import { themedPage } from "../../behaviors/themed-page";
import { LICENCES } from "../../utils/app/licences";
import { versionText } from "../../utils/app/version";

/** What this is, and what stands in it of others. */
themedPage({
  data: { version: versionText(wx), licences: LICENCES, openName: "" },

  toggle(event: WechatMiniprogram.BaseEvent<object, { name: string }>): void {
    const { name } = event.currentTarget.dataset;
    this.setData({ openName: name === this.data.openName ? "" : name });
  },
});
