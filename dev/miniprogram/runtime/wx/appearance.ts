import type { Frame } from "../frame.ts";
import type { Router } from "../router.ts";
import type { TabItem, Tabs, TabStyle } from "../shell/tabs.ts";
import { wxFunction } from "./call.ts";

/** What a page may change around it: bars, background, the pull to refresh, its scroll position. */
export function appearanceFunctions(
  router: Router,
  { tabs, redraw }: { tabs: Tabs; redraw(): void },
): Readonly<Record<string, unknown>> {
  const withTop = (change: (frame: Frame) => void) => {
    if (router.top) change(router.top);
    redraw();
  };
  const tabCheck = (index: unknown) => {
    if (tabs.pages[Number(index)] === undefined) throw new Error("tabbar item not found");
    if (!tabs.pages.includes(router.top?.path ?? "")) throw new Error("not TabBar page");
    return Number(index);
  };
  return {
    setNavigationBarTitle: wxFunction("setNavigationBarTitle", ({ title }) =>
      withTop((frame) => {
        frame.title = String(title);
      }),
    ),
    setNavigationBarColor: wxFunction("setNavigationBarColor", ({ frontColor, backgroundColor }) => {
      if (frontColor !== "#ffffff" && frontColor !== "#000000")
        throw new Error("parameter error: frontColor");
      withTop((frame) => {
        frame.barColors = { frontColor, backgroundColor: String(backgroundColor) };
      });
    }),
    setBackgroundColor: wxFunction("setBackgroundColor", ({ backgroundColor }) =>
      withTop((frame) => {
        if (typeof backgroundColor === "string") frame.backgroundColor = backgroundColor;
      }),
    ),
    setBackgroundTextStyle: wxFunction("setBackgroundTextStyle", () => undefined),
    setTabBarStyle: wxFunction("setTabBarStyle", (options) => {
      tabCheck(0);
      tabs.setStyle(options as TabStyle);
    }),
    setTabBarItem: wxFunction("setTabBarItem", (options) =>
      tabs.setItem(tabCheck(options["index"]), options as TabItem),
    ),
    setTabBarBadge: wxFunction("setTabBarBadge", ({ index, text }) =>
      tabs.setBadge(tabCheck(index), String(text)),
    ),
    removeTabBarBadge: wxFunction("removeTabBarBadge", ({ index }) =>
      tabs.setBadge(tabCheck(index), undefined),
    ),
    startPullDownRefresh: wxFunction("startPullDownRefresh", () => withTop((frame) => frame.startPull())),
    stopPullDownRefresh: wxFunction("stopPullDownRefresh", () => withTop((frame) => frame.pull.show(false))),
    pageScrollTo: wxFunction("pageScrollTo", ({ scrollTop, selector, duration, offsetTop }) =>
      withTop((frame) => {
        const found = typeof selector === "string" ? find(frame, selector) : undefined;
        const top = found ? offset(frame, found) + Number(offsetTop ?? 0) : Number(scrollTop ?? 0);
        frame.scroller.scrollTo({ top, behavior: duration === 0 ? "instant" : "smooth" });
      }),
    ),
  };
}

function find(frame: Frame, selector: string): HTMLElement | undefined {
  const node = frame.page._$.getShadowRoot()?.querySelector(selector);
  return node?.$$ as unknown as HTMLElement | undefined;
}

function offset({ scroller }: Frame, element: HTMLElement): number {
  return element.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
}
