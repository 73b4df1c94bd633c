import { dirname } from "node:path";
import { shellCommand } from "./shell-command.ts";

/** True inside an executable made by `bun build --compile`. */
export const isCompiled = /^(\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/.test(Bun.main);

/** Where a program looks for its files when nobody says otherwise: beside the executable; from source, here. */
export function homeDir(): string {
  return isCompiled ? dirname(process.execPath) : process.cwd();
}

/** What to type to run this program with these words, from any folder. */
export function ownCommand(words: readonly string[]): string {
  return shellCommand(process.execPath, isCompiled ? words : [Bun.main, ...words]);
}
