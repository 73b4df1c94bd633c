import { watching } from "../../behaviors/watching";
import type { Claw } from "../../utils/claw";

const { claw } = getApp<{ claw: Claw }>();
const OFFLINE_TEXT = "网络已断开，正在重连…";
const RECONNECT = "重连";

/**
 * A quiet line while there is no connection, and why when signing in is the trouble. A tap tries again at once; on a device
 * that was removed it signs in again.
 */
Component({
  behaviors: [watching],
  data: { shown: false, text: OFFLINE_TEXT, removed: false, action: RECONNECT },
  lifetimes: {
    attached() {
      this.watchCell(claw.connection, () => this.look());
      this.watchCell(claw.trouble, () => this.look());
      this.watchCell(claw.removed, () => this.look());
    },
  },
  methods: {
    look() {
      const connection = claw.connection.value;
      const trouble = claw.trouble.value;
      const removed = claw.removed.value;
      const text = trouble ?? OFFLINE_TEXT;
      const action = removed ? "重新登录" : trouble === undefined ? RECONNECT : "重试登录";
      const shown = removed || connection === "offline" || (connection !== "online" && trouble !== undefined);
      const { data } = this;
      if (shown !== data.shown || (shown && (text !== data.text || removed !== data.removed)))
        this.setData({ shown, text, removed, action });
    },
    retry() {
      if (claw.removed.value) claw.signInAgain();
      else claw.reconnect();
    },
  },
});
