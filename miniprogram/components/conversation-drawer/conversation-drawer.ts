import { askRemoval, askTitle } from "../../utils/chat/conversation-dialogs";
import {
  type Conversations,
  type ConversationsState,
  openConversations,
} from "../../utils/chat/conversations";
import type { Claw } from "../../utils/claw";
import { listPatches } from "../../utils/screen/list-patch";
import { buzz, complain } from "../../utils/screen/say";

const { claw } = getApp<{ claw: Claw }>();
const LOADING: ConversationsState = { status: "loading", conversations: [], reason: "" };

interface Own {
  /** From when it is attached. */
  conversations: Conversations | undefined;
}
type OfConversation = WechatMiniprogram.CustomEvent<{ id: string; title: string }>;

/**
 * All conversations, from the left: to choose one, rename or delete it. Method `show()` opens it; it closes by itself.
 * Method `titleOf(id)` tells a conversation's title, if it is known; event `change` when it may be another one.
 *
 * Events: `open` {id} for the one that was chosen; `create` for a new one, also in the place of the current one when that
 * has been deleted.
 */
Component({
  properties: { current: { type: String, value: "" } },
  data: { shown: false, list: LOADING, lines: 5 },
  lifetimes: {
    attached() {
      const conversations = openConversations(claw);
      (this as unknown as Own).conversations = conversations;
      const first = conversations.state.value;
      // Ends with the conversations.
      conversations.state.watch((list) => {
        if (list !== first) this.take(list);
      });
    },
    detached() {
      (this as unknown as Own).conversations?.close();
    },
  },
  methods: {
    show() {
      const { conversations } = this as unknown as Own;
      this.draw(conversations?.state.value ?? LOADING);
      this.setData({ shown: true });
      conversations?.reload();
    },
    titleOf(id: string): string | undefined {
      const list = (this as unknown as Own).conversations?.state.value;
      return list?.conversations.find((one) => one.id === id)?.title;
    },
    take(list: ConversationsState) {
      // What nobody sees needs no setData.
      if (this.data.shown) this.draw(list);
      this.triggerEvent("change");
    },
    draw({ conversations, status, reason }: ConversationsState) {
      const { list } = this.data;
      // The rows first: `ready` without any would say that there are none.
      for (const patch of listPatches("list.conversations", list.conversations, conversations))
        this.setData(patch);
      if (status !== list.status || reason !== list.reason)
        this.setData({ "list.status": status, "list.reason": reason });
    },
    reload() {
      (this as unknown as Own).conversations?.reload();
    },
    close() {
      this.setData({ shown: false });
    },
    create() {
      this.close();
      this.triggerEvent("create");
    },
    open(event: OfConversation) {
      this.close();
      this.triggerEvent("open", { id: event.detail.id });
    },
    rename(event: OfConversation) {
      const { id, title } = event.detail;
      askTitle(title)
        .then(async (next) => {
          if (next !== undefined) await (this as unknown as Own).conversations?.rename(id, next);
        })
        .catch(complain);
    },
    remove(event: OfConversation) {
      const { id, title } = event.detail;
      askRemoval(title)
        .then(async (sure) => {
          if (!sure) return;
          buzz();
          await (this as unknown as Own).conversations?.remove(id);
          if (id === this.data.current) this.create();
        })
        .catch(complain);
    },
    keep() {
      // A tap or a swipe within does not reach what is below.
    },
  },
});
