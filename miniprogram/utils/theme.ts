import type { Cell } from "./cell";

/** What the person has chosen. */
export type ThemeChoice = "system" | "light" | "dark";
export type ThemeClass = "theme-light" | "theme-dark";

export interface Theme {
  readonly choice: Cell<ThemeChoice>;
  /** The class for the root view of each page: the choice, or what the system has. */
  readonly themeClass: Cell<ThemeClass>;
  choose(choice: ThemeChoice): void;
}
