import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const CODE = `console.log("the working directory's code has run"); process.exit(99);\n`;

/** What an executable must not read from where it is started. Each of these would break it, or show. */
const TRAPS: Readonly<Record<string, string>> = {
  ".env": "CLAW_SERVER_PORT=1\nCLAW_SERVER_HOST=256.0.0.1\nCLAW_ADMIN_HOST=256.0.0.1\nCLAW_AGENTS=none\n",
  "bunfig.toml": `preload = ["./trap.ts"]\n`,
  "trap.ts": CODE,
  "node_modules/hono/index.js": CODE,
  "node_modules/hono/package.json": `{ "name": "hono", "main": "index.js" }`,
  "node_modules/ioredis/index.js": CODE,
  "node_modules/ioredis/package.json": `{ "name": "ioredis", "main": "index.js" }`,
  "gateway.toml": "this is not toml\n",
  "agent.toml": "this is not toml\n",
  "package.json": "{ this is not json",
  "tsconfig.json": "{ this is not json",
};

/** Fills a folder with traps, for programs to be started in it. */
export function layTraps(folder: string): string {
  for (const [name, text] of Object.entries(TRAPS)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}
