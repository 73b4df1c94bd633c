import type { TabBarConfig, TabConfig } from "../../compile/package.ts";
import type { SystemTheme } from "../theme.ts";
import { part, type Screen } from "./screen.ts";

export interface TabStyle {
  readonly color?: string;
  readonly selectedColor?: string;
  readonly backgroundColor?: string;
  readonly borderStyle?: string;
}
export type TabItem = Partial<Pick<TabConfig, "text" | "iconPath" | "selectedIconPath">>;

export interface Tabs {
  readonly pages: readonly string[];
  /** Shows the bar with this page chosen; without one, hides it. */
  show(page: string | undefined): void;
  setStyle(style: TabStyle): void;
  setItem(index: number, item: TabItem): void;
  setBadge(index: number, text: string | undefined): void;
}

export function buildTabs(
  screen: Screen,
  config: TabBarConfig | undefined,
  surroundings: { theme: SystemTheme; locate(path: string): string; open(page: string): void },
): Tabs {
  const { theme, locate, open } = surroundings;
  const list = config?.list ?? [];
  let style: TabStyle = {};
  const items = list.map((): TabItem => ({}));
  let shown: string | undefined;
  const buttons = list.map(({ pagePath }) => tabButton(() => open(pagePath)));
  screen.tabs.append(...buttons.map(({ button }) => button));
  screen.tabs.setAttribute("aria-label", "主导航");

  const draw = () => {
    screen.tabs.hidden = shown === undefined;
    screen.tabs.style.background = style.backgroundColor ?? theme.resolve(config?.backgroundColor) ?? "";
    const border = style.borderStyle ?? theme.resolve(config?.borderStyle);
    screen.tabs.dataset["border"] = border ?? "black";
    for (const [at, { button, icon, text }] of buttons.entries()) {
      const tab = list[at];
      if (!tab) continue;
      const selected = tab.pagePath === shown;
      const own = items[at] ?? {};
      const color = selected
        ? (style.selectedColor ?? theme.resolve(config?.selectedColor))
        : (style.color ?? theme.resolve(config?.color));
      const path = selected
        ? (own.selectedIconPath ?? theme.resolve(tab.selectedIconPath))
        : (own.iconPath ?? theme.resolve(tab.iconPath));
      button.style.color = color ?? "";
      if (selected) button.setAttribute("aria-current", "page");
      else button.removeAttribute("aria-current");
      text.textContent = own.text ?? tab.text;
      icon.hidden = path === undefined;
      if (path !== undefined) icon.src = locate(path);
    }
  };
  theme.onChange(draw);
  return {
    pages: list.map(({ pagePath }) => pagePath),
    show(page) {
      shown = page;
      draw();
    },
    setStyle(next) {
      style = { ...style, ...next };
      draw();
    },
    setItem(index, item) {
      items[index] = { ...items[index], ...item };
      draw();
    },
    setBadge(index, text) {
      const badge = buttons[index]?.badge;
      if (!badge) return;
      badge.hidden = text === undefined;
      badge.textContent = text ?? "";
    },
  };
}

function tabButton(open: () => void) {
  const button = part("button", "mp-tab");
  button.type = "button";
  const icon = part("img", "mp-tab-icon");
  icon.alt = "";
  const text = part("span", "mp-tab-text");
  const badge = part("span", "mp-tab-badge");
  badge.hidden = true;
  button.append(icon, text, badge);
  button.addEventListener("click", open);
  return { button, icon, text, badge };
}
