import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The rules that hold the architecture together; each is broken once, in a copy of the layout, to see that it bites. */
const root = join(import.meta.dir, "..");
const LINT_TIMEOUT_MS = 60_000;

const BOUNDARY = "eslint(no-restricted-imports)";
const broken: readonly { file: string; line: string; rule: string }[] = [
  { file: "src/contract/a.ts", line: importing("../gateway/target.ts"), rule: BOUNDARY },
  { file: "src/contract/b.ts", line: importing("../agent/target.ts"), rule: BOUNDARY },
  { file: "src/contract/c.ts", line: importing("../log.ts"), rule: BOUNDARY },
  { file: "src/contract/d.ts", line: importing("node:fs"), rule: BOUNDARY },
  { file: "src/contract/e.ts", line: importing("hono"), rule: BOUNDARY },
  { file: "src/gateway/a.ts", line: importing("../agent/target.ts"), rule: BOUNDARY },
  { file: "src/gateway/wecom/b.ts", line: importing("../../agent/target.ts"), rule: BOUNDARY },
  { file: "src/gateway/c.ts", line: importing("../../dev/target.ts"), rule: BOUNDARY },
  { file: "src/gateway/jobs/a.ts", line: importing("../wecom/target.ts"), rule: BOUNDARY },
  { file: "src/gateway/jobs/b.ts", line: importing("../../agent/target.ts"), rule: BOUNDARY },
  { file: "src/gateway/link/a.ts", line: importing("../miniprogram/target.ts"), rule: BOUNDARY },
  { file: "src/gateway/redis/a.ts", line: importing("../wecom/target.ts"), rule: BOUNDARY },
  { file: "src/agent/a.ts", line: importing("../gateway/target.ts"), rule: BOUNDARY },
  { file: "src/agent/lm-studio/b.ts", line: importing("../../gateway/target.ts"), rule: BOUNDARY },
  { file: "src/agent/c.ts", line: importing("../../dev/target.ts"), rule: BOUNDARY },
  {
    file: "src/agent/types.ts",
    line: `export type * as it from "../gateway/target.ts";`,
    rule: BOUNDARY,
  },
  { file: "src/floating.ts", line: "Promise.resolve(1);", rule: "typescript(no-floating-promises)" },
  { file: "src/voided.ts", line: "void Promise.resolve(1);", rule: "typescript(no-floating-promises)" },
  { file: "src/any.ts", line: "export const x: any = 1;", rule: "typescript(no-explicit-any)" },
  { file: "src/default.ts", line: "export default 1;", rule: "import(no-default-export)" },
  { file: "src/console.ts", line: "console.log(1);", rule: "eslint(no-console)" },
];
const allowed: readonly { file: string; line: string }[] = [
  { file: "src/contract/ok-own.ts", line: importing("./target.ts") },
  { file: "src/contract/ok-valibot.ts", line: importing("valibot") },
  { file: "src/contract/ok-trpc.ts", line: importing("@trpc/server") },
  { file: "src/gateway/ok.ts", line: importing("../contract/target.ts") },
  { file: "src/gateway/ok-channel.ts", line: importing("./wecom/target.ts") },
  { file: "src/gateway/jobs/ok.ts", line: importing("../redis/target.ts") },
  { file: "src/agent/ok.ts", line: importing("../contract/target.ts") },
  { file: "src/gateway/ok.test.ts", line: importing("../../dev/target.ts") },
];
const targets = ["contract", "gateway", "gateway/wecom", "gateway/miniprogram", "gateway/redis", "agent"];

const copy = mkdtempSync(join(tmpdir(), "claw-boundaries-"));
let found: { file: string; rule: string }[] = [];

beforeAll(async () => {
  for (const file of [".oxlintrc.json", "tsconfig.json"]) cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  for (const { file, line } of [...broken, ...allowed]) write(file, `${line}\n`);
  for (const folder of targets) write(`src/${folder}/target.ts`, "export const it = 1;\n");
  for (const file of ["src/log.ts", "dev/target.ts"]) write(file, "export const it = 1;\n");
  found = await lint();
}, LINT_TIMEOUT_MS);
afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(broken)("$file: $line → $rule", ({ file, rule }) => {
  expect(found).toContainEqual({ file, rule });
});

test.each(allowed)("$file: $line is allowed", ({ file }) => {
  expect(found.filter((finding) => finding.file === file)).toEqual([]);
});

function importing(module: string): string {
  return `export * as it from "${module}";`;
}

function write(file: string, text: string): void {
  const path = join(copy, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function lint(): Promise<typeof found> {
  const oxlint = Bun.spawn(
    [join(root, "node_modules/.bin/oxlint"), "--type-aware", "--format", "json", "src"],
    {
      cwd: copy,
      stdout: "pipe",
      timeout: LINT_TIMEOUT_MS,
    },
  );
  const { diagnostics } = (await new Response(oxlint.stdout).json()) as {
    diagnostics: { code: string; filename: string }[];
  };
  return diagnostics.map(({ code, filename }) => ({ file: filename, rule: code }));
}
