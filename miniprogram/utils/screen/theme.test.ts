import { expect, test } from "bun:test";
import { openTheme } from "./theme";

function phone(options: { theme?: "light" | "dark"; stored?: unknown; full?: boolean }) {
  const storage = new Map<string, unknown>([["theme", options.stored ?? ""]]);
  let changed: (change: { theme: "light" | "dark" }) => void = () => undefined;
  const wx = {
    getAppBaseInfo: () => (options.theme ? { theme: options.theme } : {}),
    onThemeChange: (listener: typeof changed) => {
      changed = listener;
    },
    getStorageSync: (key: string) => storage.get(key) ?? "",
    setStorageSync: (key: string, value: unknown) => {
      if (options.full) throw new Error("setStorageSync:fail exceed storage max size 10Mb");
      storage.set(key, value);
    },
  };
  return { wx, storage, change: (theme: "light" | "dark") => changed({ theme }) };
}

test("follows the system until a theme is chosen, and again afterwards", () => {
  const { wx, change, storage } = phone({ theme: "light" });
  const theme = openTheme(wx);
  const classes: string[] = [];
  theme.themeClass.watch((themeClass) => classes.push(themeClass));
  change("dark");
  theme.choose("light");
  change("light");
  change("dark");
  expect(storage.get("theme")).toBe("light");
  theme.choose("system");
  expect(classes).toEqual(["theme-light", "theme-dark", "theme-light", "theme-dark"]);
  expect(theme.choice.value).toBe("system");
});

test("the choice is the same the next time; what is not a choice counts as none", () => {
  expect(openTheme(phone({ theme: "light", stored: "dark" }).wx).themeClass.value).toBe("theme-dark");
  expect(openTheme(phone({ theme: "dark", stored: "pink" }).wx).choice.value).toBe("system");
  expect(openTheme(phone({ stored: { a: 1 } }).wx).themeClass.value).toBe("theme-light");
});

test("a full storage does not keep anybody from choosing", () => {
  const theme = openTheme(phone({ theme: "light", full: true }).wx);
  theme.choose("dark");
  expect(theme.themeClass.value).toBe("theme-dark");
});
