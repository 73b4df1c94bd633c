import { greeting } from "../../utils/screen/time-text";

const SUGGESTIONS = [
  "帮我写一份项目周报的提纲",
  "用通俗的话解释什么是大语言模型",
  "把这段话改得更简洁、更正式：",
  "写一个按日期整理文件的 Python 脚本",
] as const;

/** What an empty conversation begins with. Event `choose` {text} for a suggestion. */
Component({
  properties: { name: { type: String, value: "" } },
  data: { greeting: greeting(Date.now()), suggestions: SUGGESTIONS },
  methods: {
    choose(event: WechatMiniprogram.BaseEvent<object, { text: string }>) {
      this.triggerEvent("choose", { text: event.currentTarget.dataset.text });
    },
  },
});
