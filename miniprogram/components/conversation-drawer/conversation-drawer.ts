import type { ConversationsState } from "../../utils/conversations";

const LOADING: ConversationsState = { status: "loading", conversations: [], reason: "" };

/** All conversations, from the left. Events: `close`, `create`, `reload`, and those of conversation-list. */
Component({
  properties: {
    open: { type: Boolean, value: false },
    list: { type: Object, value: LOADING },
    current: { type: String, value: "" },
  },
  data: { lines: 6 },
  methods: {
    close() {
      this.triggerEvent("close");
    },
    create() {
      this.triggerEvent("create");
    },
    reload() {
      this.triggerEvent("reload");
    },
    pass(event: WechatMiniprogram.CustomEvent<object>) {
      this.triggerEvent(event.type, event.detail);
    },
    keep() {
      // A tap or a swipe within does not reach what is below.
    },
  },
});
