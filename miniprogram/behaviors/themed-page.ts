import type { Claw } from "../utils/claw";
import { paintFrame } from "../utils/screen/paint-frame";
import { withHooks } from "./page-hooks";

type Data = WechatMiniprogram.Page.DataOption;
type Custom = WechatMiniprogram.Page.CustomOption;

const { theme } = getApp<{ claw: Claw }>().claw;

/** Pages whose frame is not WeChat's own choice any more. */
const painted = new WeakSet<object>();
const shown = new WeakSet<object>();
const leaving = new WeakMap<object, () => void>();

/**
 * Page() with `data.themeClass` for the root view, and WeChat's navigation bar, tab bar and background in the same theme.
 * All pages are made by it.
 */
export function themedPage<D extends Data, C extends Custom>(
  options: WechatMiniprogram.Page.Options<D, C>,
): void {
  // Right from the first frame: a page must not flash in the other theme.
  const data = { ...options.data, themeClass: theme.themeClass.value };
  Page(
    withHooks(
      { ...options, data },
      {
        onLoad(page) {
          const leave = theme.themeClass.watch((themeClass) => {
            if (themeClass !== page.data["themeClass"]) page.setData({ themeClass });
            if (shown.has(page)) paint(page);
          });
          leaving.set(page, leave);
        },
        onShow(page) {
          shown.add(page);
          paint(page);
        },
        onHide: (page) => shown.delete(page),
        onUnload: (page) => leaving.get(page)?.(),
      },
    ),
  );
}

/** WeChat follows the system by itself until it has been told a colour; from then on it must be told each. */
function paint(page: { is: string }): void {
  if (theme.choice.value === "system" && !painted.has(page)) return;
  painted.add(page);
  paintFrame(wx, theme.themeClass.value, page.is);
}
