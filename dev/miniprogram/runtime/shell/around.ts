import type { CompiledPackage } from "../../compile/package.ts";
import type { Router } from "../router.ts";
import type { SystemTheme } from "../theme.ts";
import { buildBar } from "./bar.ts";
import type { Screen } from "./screen.ts";
import type { Tabs } from "./tabs.ts";

/** Keeps the bars in step with the page on top. The function it returns draws them again. */
export function showAround(parts: {
  screen: Screen;
  router: Router;
  tabs: Tabs;
  theme: SystemTheme;
  compiled: CompiledPackage;
}): () => void {
  const { screen, router, tabs, theme, compiled } = parts;
  const drawBar = buildBar(screen, {
    back: () => router.navigateBack(1),
    home: () => router.reLaunch(`/${compiled.app.pages[0] ?? ""}`),
  });
  const draw = () => {
    const frame = router.top;
    if (!frame) return;
    const { window } = frame;
    const isTab = tabs.pages.includes(frame.path);
    const isHome = isTab || frame.path === compiled.app.pages[0];
    const style = theme.resolve(window.navigationBarTextStyle);
    drawBar({
      title: frame.title ?? window.navigationBarTitleText ?? "",
      background:
        frame.barColors?.backgroundColor ?? theme.resolve(window.navigationBarBackgroundColor) ?? "#000000",
      text: frame.barColors?.frontColor ?? style ?? "white",
      leading: router.stack.length > 1 ? "back" : isHome ? "none" : "home",
      hidden: window.navigationStyle === "custom",
    });
    frame.element.style.background =
      frame.backgroundColor ?? theme.resolve(window.backgroundColor) ?? "#ffffff";
    tabs.show(isTab ? frame.path : undefined);
  };
  router.onShown(draw);
  theme.onChange(draw);
  return draw;
}
