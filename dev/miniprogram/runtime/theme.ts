import type { CompiledPackage, ThemeName } from "../compile/package.ts";

/** The theme of the system, and the colours of theme.json in it. */
export interface SystemTheme {
  readonly name: ThemeName;
  /** Forces a theme; undefined gives the browser's back. */
  force(name: ThemeName | undefined): void;
  onChange(listener: (name: ThemeName) => void): void;
  /** Resolves `@name` of app.json. */
  resolve(value: string | undefined): string | undefined;
}

export function openSystemTheme(
  compiled: CompiledPackage,
  forcedAtStart: ThemeName | undefined,
): SystemTheme {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const listeners = new Set<(name: ThemeName) => void>();
  let forced = forcedAtStart;
  const current = (): ThemeName => {
    if (compiled.app.darkmode !== true) return "light";
    return forced ?? (dark.matches ? "dark" : "light");
  };
  let shown = current();
  const apply = () => {
    document.documentElement.style.setProperty("--system-theme", current());
    document.documentElement.style.colorScheme = current();
    document.documentElement.dataset["theme"] = current();
    if (shown === current()) return;
    shown = current();
    for (const listener of listeners) listener(shown);
  };
  dark.addEventListener("change", apply);
  apply();
  return {
    get name() {
      return current();
    },
    force(name) {
      forced = name;
      apply();
    },
    onChange: (listener) => {
      listeners.add(listener);
    },
    resolve: (value) => (value?.startsWith("@") ? compiled.themes[current()]?.[value.slice(1)] : value),
  };
}
