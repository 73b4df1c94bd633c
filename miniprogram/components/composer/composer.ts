import type { MAX_TEXT_CHARS } from "../../../src/contract/job";
import { halves } from "../../utils/screen/halves";

// Only types may come from the contract; this does not compile when its limit is another.
const LIMIT: typeof MAX_TEXT_CHARS = 32_768;
/** From here on one is told how much is left. */
const TELL_FROM = LIMIT - 1000;
/** So that no setData is too large, a text goes in as two. */
const HALF = LIMIT / 2;

interface Own {
  typed: string;
}

/**
 * Where a question is written. Events: `send` {text}; `change` {text} at each stroke; `stop`; `keyboard` {height}, in px.
 * Method `setText(text)` replaces what is typed.
 */
Component({
  properties: {
    /** An answer is being made: with nothing typed, the button stops it. */
    answering: { type: Boolean, value: false },
    stopping: { type: Boolean, value: false },
    disabled: { type: Boolean, value: false },
    focus: { type: Boolean, value: false },
  },
  data: { limit: LIMIT, head: "", tail: "", hasText: false, left: -1 },
  lifetimes: {
    created() {
      (this as unknown as Own).typed = "";
    },
  },
  methods: {
    input(event: WechatMiniprogram.TextareaInput) {
      this.take(event.detail.value);
    },
    take(typed: string) {
      (this as unknown as Own).typed = typed;
      const hasText = typed.trim() !== "";
      const left = typed.length >= TELL_FROM ? LIMIT - typed.length : -1;
      if (hasText !== this.data.hasText || left !== this.data.left) this.setData({ hasText, left });
      this.triggerEvent("change", { text: typed });
    },
    setText(text: string) {
      const [fits] = halves(text, LIMIT);
      const [head, tail] = halves(fits, HALF);
      // What is typed does not come back into the data: without a change first, the same value would change nothing.
      this.setData({ head: fits === "" ? " " : "", tail: "" });
      this.setData({ head });
      if (tail !== "") this.setData({ tail });
      this.take(fits);
    },
    press() {
      const { typed } = this as unknown as Own;
      if (this.data.disabled) return;
      if (typed.trim() === "") {
        if (this.data.answering && !this.data.stopping) this.triggerEvent("stop");
        return;
      }
      this.setText("");
      this.triggerEvent("send", { text: typed });
    },
    keyboard(event: WechatMiniprogram.TextareaKeyboardHeightChange) {
      this.triggerEvent("keyboard", { height: event.detail.height });
    },
    blur() {
      this.triggerEvent("keyboard", { height: 0 });
    },
  },
});
