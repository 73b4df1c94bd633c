import { watching } from "../../behaviors/watching";
import type { Claw } from "../../utils/claw";

const { claw } = getApp<{ claw: Claw }>();
const OFFLINE_TEXT = "网络已断开，正在重连…";

/** A quiet line while there is no connection, and why when signing in is the trouble. A tap tries again at once. */
Component({
  behaviors: [watching],
  data: { shown: false, text: OFFLINE_TEXT },
  lifetimes: {
    attached() {
      this.watchCell(claw.connection, () => this.look());
      this.watchCell(claw.trouble, () => this.look());
    },
  },
  methods: {
    look() {
      const connection = claw.connection.value;
      const trouble = claw.trouble.value;
      const text = trouble ?? OFFLINE_TEXT;
      const shown = connection === "offline" || (connection !== "online" && trouble !== undefined);
      if (shown !== this.data.shown || (shown && text !== this.data.text)) this.setData({ shown, text });
    },
    retry() {
      claw.reconnect();
    },
  },
});
