// In the place of the page “about”: shows components alone, with what a test gives them.
import { shareThread } from "../../utils/chat/shared-threads";

const texts = new Map();
const watchers = new Map();

Page({
  data: { card: null, compact: false, look: null, messages: [], thread: "" },
  told: [],

  onLoad() {
    const thread = {
      watchText(key, listener) {
        watchers.set(key, listener);
        if (texts.has(key)) listener(texts.get(key));
        return () => watchers.delete(key);
      },
    };
    this.setData({ thread: shareThread(thread) });
    getApp().shown = this;
  },
  clear() {
    texts.clear();
    this.told = [];
    this.setData({ card: null, compact: false, look: null, messages: [] });
  },
  say(key, text) {
    texts.set(key, text);
    watchers.get(key)?.(text);
  },
  note({ type, detail }) {
    this.told.push([type, detail]);
  },
});
