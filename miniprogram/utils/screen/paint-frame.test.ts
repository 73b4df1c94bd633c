import { expect, test } from "bun:test";
import theme from "../../theme.json";
import { paintFrame } from "./paint-frame";

/** What each call of `wx` was given, in order, without its callbacks. */
function recorder() {
  const calls: [name: string, options: unknown][] = [];
  const wx = new Proxy({} as Parameters<typeof paintFrame>[0], {
    get:
      (_, name) =>
      ({ fail: _fail, ...options }: { fail: unknown }) =>
        calls.push([String(name), options]),
  });
  return { wx, calls };
}

const CASES = [
  { themeClass: "theme-light", colours: theme.light, front: "#000000" },
  { themeClass: "theme-dark", colours: theme.dark, front: "#ffffff" },
] as const;

for (const { themeClass, colours, front } of CASES)
  test(`${themeClass}: a tab's frame gets what theme.json says`, () => {
    const { wx, calls } = recorder();
    paintFrame(wx, themeClass, "pages/user/user");
    const page = colours.pageBackground;
    expect(calls).toEqual([
      ["setNavigationBarColor", { frontColor: front, backgroundColor: page }],
      [
        "setBackgroundColor",
        { backgroundColor: page, backgroundColorTop: page, backgroundColorBottom: page },
      ],
      ["setBackgroundTextStyle", { textStyle: colours.refreshText }],
      [
        "setTabBarStyle",
        {
          color: colours.tabText,
          selectedColor: colours.tabSelected,
          backgroundColor: colours.tabBackground,
          borderStyle: colours.tabBorder,
        },
      ],
      ["setTabBarItem", { index: 0, iconPath: colours.homeIcon, selectedIconPath: colours.homeIconSelected }],
      ["setTabBarItem", { index: 1, iconPath: colours.taskIcon, selectedIconPath: colours.taskIconSelected }],
      ["setTabBarItem", { index: 2, iconPath: colours.userIcon, selectedIconPath: colours.userIconSelected }],
    ]);
  });

test("a page on top of the tabs leaves the tab bar alone", () => {
  const { wx, calls } = recorder();
  paintFrame(wx, "theme-dark", "pages/chat/chat");
  expect(calls.map(([name]) => name)).toEqual([
    "setNavigationBarColor",
    "setBackgroundColor",
    "setBackgroundTextStyle",
  ]);
});
