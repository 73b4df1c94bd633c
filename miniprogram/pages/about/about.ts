import { themed } from "../../behaviors/themed";
import { LICENCES } from "../../utils/app/licences";
import { versionText } from "../../utils/app/version";

/** What this is, and what stands in it of others. */
Component({
  behaviors: [themed],
  data: { version: versionText(wx), licences: LICENCES, openName: "" },
  methods: {
    toggle(event: WechatMiniprogram.BaseEvent<object, { name: string }>) {
      const { name } = event.currentTarget.dataset;
      this.setData({ openName: name === this.data.openName ? "" : name });
    },
  },
});
