import type { ThemeClass } from "./theme";

/** The part of `wx` that paints. */
interface Frame {
  setNavigationBarColor(options: {
    frontColor: string;
    backgroundColor: string;
    fail: () => undefined;
  }): unknown;
  setBackgroundColor(options: {
    backgroundColor: string;
    backgroundColorTop: string;
    backgroundColorBottom: string;
    fail: () => undefined;
  }): unknown;
  setBackgroundTextStyle(options: { textStyle: "dark" | "light"; fail: () => undefined }): unknown;
  setTabBarStyle(options: {
    color: string;
    selectedColor: string;
    backgroundColor: string;
    borderStyle: "black" | "white";
    fail: () => undefined;
  }): unknown;
  setTabBarItem(options: {
    index: number;
    iconPath: string;
    selectedIconPath: string;
    fail: () => undefined;
  }): unknown;
}

/** The same as in theme.json, which WeChat reads by itself and code cannot read. */
const FRAME_COLOURS = {
  "theme-light": {
    page: "#f3f4f6",
    front: "#000000",
    refresh: "dark",
    tabText: "#7a808a",
    tabSelected: "#1f5eff",
    tabBackground: "#ffffff",
    tabBorder: "white",
    iconEnding: ".png",
  },
  "theme-dark": {
    page: "#101114",
    front: "#ffffff",
    refresh: "light",
    tabText: "#8b919c",
    tabSelected: "#6f9bff",
    tabBackground: "#1a1c20",
    tabBorder: "black",
    iconEnding: "-dark.png",
  },
} as const satisfies Record<ThemeClass, object>;

const TABS = [
  { route: "pages/index/index", icon: "images/home" },
  { route: "pages/task/task", icon: "images/task" },
  { route: "pages/user/user", icon: "images/user" },
];

/** WeChat's own parts around the page on top: it only follows the system, not what was chosen in the app. */
export function paintFrame(wx: Frame, themeClass: ThemeClass, route: string): void {
  const colours = FRAME_COLOURS[themeClass];
  // The page may have gone meanwhile; the next one paints for itself.
  const fail = () => undefined;
  wx.setNavigationBarColor({ frontColor: colours.front, backgroundColor: colours.page, fail });
  wx.setBackgroundColor({
    backgroundColor: colours.page,
    backgroundColorTop: colours.page,
    backgroundColorBottom: colours.page,
    fail,
  });
  wx.setBackgroundTextStyle({ textStyle: colours.refresh, fail });
  // WeChat refuses it while a page without tab bar is on top.
  if (TABS.some((tab) => tab.route === route)) paintTabBar(wx, themeClass, fail);
}

function paintTabBar(wx: Frame, themeClass: ThemeClass, fail: () => undefined): void {
  const colours = FRAME_COLOURS[themeClass];
  wx.setTabBarStyle({
    color: colours.tabText,
    selectedColor: colours.tabSelected,
    backgroundColor: colours.tabBackground,
    borderStyle: colours.tabBorder,
    fail,
  });
  for (const [index, { icon }] of TABS.entries()) {
    wx.setTabBarItem({
      index,
      iconPath: `${icon}${colours.iconEnding}`,
      selectedIconPath: `${icon}-selected${colours.iconEnding}`,
      fail,
    });
  }
}
