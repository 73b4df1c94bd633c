import {
  answerNote,
  type MessageAction,
  messageActions,
  questionNote,
  thoughtTitle,
} from "../../utils/chat/message-look";
import type { MessageText } from "../../utils/chat/message-text";
import { sharedThread } from "../../utils/chat/shared-threads";
import type { ShownMessage } from "../../utils/chat/shown-message";
import { copyOfAnswer, copyToClipboard } from "../../utils/screen/clipboard";
import { listPatches } from "../../utils/screen/list-patch";
import { pieces } from "../../utils/screen/pieces";
import { buzz } from "../../utils/screen/say";

/** So much of a text is one node; of one that grows, the last is sent each time. */
const PIECE_CHARS = 400;
const START: MessageText = { text: "", reasoning: "", thoughtMs: 0, open: false };
const NO_MESSAGE: ShownMessage = {
  key: "",
  role: "user",
  state: "sent",
  time: "",
  divided: false,
  reason: "",
  last: false,
};

interface Own {
  leave: (() => void) | undefined;
  text: MessageText;
}
/** A piece of a text, with its place for `wx:key`. */
interface Part {
  at: number;
  text: string;
}
interface AnswerView {
  update(text: string, options: { streaming: boolean }): void;
}

/**
 * A question or an answer. Its text comes from the conversation (see utils/chat/shared-threads), not by a property. Events: `act`
 * {action, key}; `grow` when it may have become higher.
 */
Component({
  properties: {
    message: { type: Object, value: NO_MESSAGE },
    /** The name that the conversation is shared under. */
    thread: { type: String, value: "" },
    agentOffline: { type: Boolean, value: false },
    /** Nobody is signed in on this device any more. */
    removed: { type: Boolean, value: false },
  },
  data: {
    parts: [] as Part[],
    note: "",
    /** Of the answer: whether there is any of its text. */
    hasText: false,
    hasThoughts: false,
    thoughtsOpen: false,
    thoughtTitle: "",
    thoughts: [] as Part[],
  },
  observers: {
    "message, agentOffline, removed"(message: ShownMessage, agentOffline: boolean, removed: boolean) {
      const isQuestion = message.role === "user";
      const note = isQuestion ? questionNote(message, removed) : answerNote(message, agentOffline);
      if (note !== this.data.note) this.setData({ note });
      this.lookAtThoughts();
    },
  },
  lifetimes: {
    attached() {
      const own = this as unknown as Own;
      own.text = START;
      own.leave = sharedThread(this.data.thread)?.watchText(this.data.message.key, (text) => this.read(text));
    },
    detached() {
      (this as unknown as Own).leave?.();
    },
  },
  methods: {
    read(text: MessageText) {
      (this as unknown as Own).text = text;
      if (this.data.message.role === "user") this.readQuestion(text);
      else this.readAnswer(text);
      this.triggerEvent("grow");
    },
    readQuestion({ text }: MessageText) {
      for (const patch of listPatches("parts", this.data.parts, partsOf(text))) this.setData(patch);
    },
    readAnswer({ text, open }: MessageText) {
      const hasText = text !== "";
      if (hasText !== this.data.hasText) this.setData({ hasText });
      const view = this.selectComponent(".answer") as unknown as AnswerView | null;
      view?.update(text, { streaming: open });
      this.lookAtThoughts();
    },
    lookAtThoughts() {
      const { text } = this as unknown as Own;
      if (!text || text.reasoning === "") return;
      const title = thoughtTitle(text.thoughtMs, text.text === "" && text.open);
      if (!this.data.hasThoughts || title !== this.data.thoughtTitle)
        this.setData({ hasThoughts: true, thoughtTitle: title });
      if (this.data.thoughtsOpen) this.readThoughts();
    },
    readThoughts() {
      const next = partsOf((this as unknown as Own).text.reasoning);
      for (const patch of listPatches("thoughts", this.data.thoughts, next)) this.setData(patch);
    },
    toggleThoughts() {
      this.setData({ thoughtsOpen: !this.data.thoughtsOpen });
      if (this.data.thoughtsOpen) this.readThoughts();
      this.triggerEvent("grow");
    },
    copy() {
      const { text } = (this as unknown as Own).text;
      copyToClipboard(this.data.message.role === "user" ? text : copyOfAnswer(text));
    },
    act(event: WechatMiniprogram.BaseEvent<object, { action: MessageAction }>) {
      this.start(event.currentTarget.dataset.action);
    },
    start(action: MessageAction) {
      if (action === "copy") this.copy();
      else this.triggerEvent("act", { action, key: this.data.message.key });
    },
    menu() {
      const actions = messageActions(this.data.message, (this as unknown as Own).text.text !== "");
      if (actions.length === 0) return;
      buzz();
      wx.showActionSheet({
        itemList: actions.map(([, name]) => name),
        success: ({ tapIndex }) => {
          const chosen = actions[tapIndex];
          if (chosen) this.start(chosen[0]);
        },
        fail: () => undefined,
      });
    },
  },
});

function partsOf(text: string): Part[] {
  return pieces(text, PIECE_CHARS).map((piece, at) => ({ at, text: piece }));
}
