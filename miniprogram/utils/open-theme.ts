import { openCell } from "./cell";
import type { Theme, ThemeChoice, ThemeClass } from "./theme";

interface System {
  getAppBaseInfo(): { theme?: "light" | "dark" };
  onThemeChange(listener: (change: { theme: "light" | "dark" }) => void): void;
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, value: unknown): void;
}

const STORAGE_KEY = "theme";
const CHOICES: readonly ThemeChoice[] = ["system", "light", "dark"];

/** The theme of the app, as it was chosen the last time. It lives as long as the app and follows the system meanwhile. */
export function openTheme(wx: System): Theme {
  const choice = openCell(storedChoice(wx));
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
      store(wx, next);
    },
  };
}

function storedChoice(wx: System): ThemeChoice {
  const stored: unknown = wx.getStorageSync(STORAGE_KEY);
  return CHOICES.find((choice) => choice === stored) ?? "system";
}

function store(wx: System, choice: ThemeChoice): void {
  try {
    wx.setStorageSync(STORAGE_KEY, choice);
  } catch {
    // A full storage costs the choice at the next start, not now.
  }
}

function classOf(choice: ThemeChoice, system: "light" | "dark"): ThemeClass {
  return (choice === "system" ? system : choice) === "dark" ? "theme-dark" : "theme-light";
}
