import type { Claw } from "../utils/claw";
import { paintFrame } from "../utils/screen/paint-frame";
import { watching } from "./watching";

const { theme } = getApp<{ claw: Claw }>().claw;

/** Pages whose frame is not WeChat's own choice any more. */
const painted = new WeakSet<object>();
const shown = new WeakSet<object>();

/**
 * For pages: `data.themeClass` for the root view, and WeChat's navigation bar, tab bar and background in the same theme.
 */
export const themed = Behavior({
  behaviors: [watching],
  // Right from the first frame: a page must not flash in the other theme.
  data: { themeClass: theme.themeClass.value },
  lifetimes: {
    attached() {
      this.watchCell(theme.themeClass, (themeClass) => {
        if (themeClass !== this.data.themeClass) this.setData({ themeClass });
        if (shown.has(this)) paint(this);
      });
    },
  },
  pageLifetimes: {
    show() {
      shown.add(this);
      paint(this);
    },
    hide() {
      shown.delete(this);
    },
  },
});

/** WeChat follows the system by itself until it has been told a colour; from then on it must be told each. */
function paint(page: { is: string }): void {
  if (theme.choice.value === "system" && !painted.has(page)) return;
  painted.add(page);
  paintFrame(wx, theme.themeClass.value, page.is);
}
