import type { Conversation } from "../../../src/contract/conversation";
import { listPatches } from "../../utils/screen/list-patch";
import { relativeTime } from "../../utils/screen/time-text";

interface Row {
  /** Its place, for `wx:key`: where rows change their places, an id could be there twice for a moment. */
  at: number;
  id: string;
  title: string;
  time: string;
}
type RowTap = WechatMiniprogram.BaseEvent<object, { id: string }>;

const MENU = ["重命名", "删除会话"];

/**
 * Rows of conversations. Event `open` {id} when one is tapped. Unless `compact` each has a menu: events `rename` and
 * `remove` {id, title}.
 */
Component({
  properties: {
    conversations: { type: Array, value: [] as Conversation[] },
    compact: { type: Boolean, value: false },
    /** The one to mark. */
    current: { type: String, value: "" },
  },
  data: { rows: [] as Row[] },
  observers: {
    conversations(conversations: readonly Conversation[] | null) {
      const now = Date.now();
      const rows = (conversations ?? []).map(({ id, title, updatedAt }, at) => ({
        at,
        id,
        title: title || "未命名的会话",
        time: relativeTime(updatedAt, now),
      }));
      for (const patch of listPatches("rows", this.data.rows, rows)) this.setData(patch);
    },
  },
  methods: {
    open(event: RowTap) {
      this.triggerEvent("open", { id: event.currentTarget.dataset.id });
    },
    menu(event: RowTap) {
      if (this.data.compact) return;
      const row = this.data.rows.find(({ id }) => id === event.currentTarget.dataset.id);
      if (!row) return;
      const { id, title } = row;
      wx.showActionSheet({
        itemList: MENU,
        success: ({ tapIndex }) => this.triggerEvent(tapIndex === 0 ? "rename" : "remove", { id, title }),
        fail: () => undefined,
      });
    },
  },
});
