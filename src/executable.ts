import { dirname } from "node:path";

/** True inside an executable made by `bun build --compile`. */
export const isCompiled = /^(\/\$bunfs\/|[A-Z]:[\\/]~BUN[\\/])/.test(Bun.main);

/** Where a program looks for its files when nobody says otherwise: beside the executable; from source, here. */
export function homeDir(): string {
  return isCompiled ? dirname(process.execPath) : process.cwd();
}
