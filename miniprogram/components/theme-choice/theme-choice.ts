import { watching } from "../../behaviors/watching";
import type { Claw } from "../../utils/claw";
import type { ThemeChoice } from "../../utils/screen/theme";

const { theme } = getApp<{ claw: Claw }>().claw;

const OPTIONS: { choice: ThemeChoice; text: string }[] = [
  { choice: "system", text: "跟随系统" },
  { choice: "light", text: "浅色" },
  { choice: "dark", text: "深色" },
];

/** Light, dark, or as the system is. */
Component({
  behaviors: [watching],
  data: { options: OPTIONS, choice: theme.choice.value },
  lifetimes: {
    attached() {
      this.watchCell(theme.choice, (choice) => {
        if (choice !== this.data.choice) this.setData({ choice });
      });
    },
  },
  methods: {
    choose(event: WechatMiniprogram.BaseEvent<object, { choice: ThemeChoice }>) {
      theme.choose(event.currentTarget.dataset.choice);
    },
  },
});
