import { type Cell, openCell } from "../cell";
import { openStorage } from "../storage";
import type { WxPort } from "../wx-port";

/** What the person has chosen. */
export type ThemeChoice = "system" | "light" | "dark";
export type ThemeClass = "theme-light" | "theme-dark";

export interface Theme {
  readonly choice: Cell<ThemeChoice>;
  /** The class for the root view of each page: the choice, or what the system has. */
  readonly themeClass: Cell<ThemeClass>;
  choose(choice: ThemeChoice): void;
}

interface System extends Pick<WxPort, "getStorageSync" | "setStorageSync"> {
  getAppBaseInfo(): { theme?: "light" | "dark" };
  onThemeChange(listener: (change: { theme: "light" | "dark" }) => void): void;
}

const STORAGE_KEY = "theme";
const CHOICES: readonly ThemeChoice[] = ["system", "light", "dark"];

/** The theme of the app, as it was chosen the last time. It lives as long as the app and follows the system meanwhile. */
export function openTheme(wx: System): Theme {
  const storage = openStorage(wx);
  const kept = storage.read(STORAGE_KEY);
  const choice = openCell(CHOICES.find((one) => one === kept) ?? "system");
  let system = wx.getAppBaseInfo().theme ?? "light";
  const themeClass = openCell(classOf(choice.value, system));
  const update = () => themeClass.set(classOf(choice.value, system));

  wx.onThemeChange((change) => {
    system = change.theme;
    update();
  });
  return {
    choice,
    themeClass,
    choose(next) {
      choice.set(next);
      update();
      storage.write(STORAGE_KEY, next);
    },
  };
}

function classOf(choice: ThemeChoice, system: "light" | "dark"): ThemeClass {
  return (choice === "system" ? system : choice) === "dark" ? "theme-dark" : "theme-light";
}
