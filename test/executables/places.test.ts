import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { freePort, type Program, untilReady } from "../../dev/program.ts";
import { BUILD_TIMEOUT_MS } from "./executables.ts";
import { type Installed, install } from "./installed.ts";
import { processesFrom } from "./processes.ts";
import { openSite, type Site } from "./site.ts";

/** Debian's user and group without rights. */
const NOBODY = 65_534;
const MODEL = {
  // Its answer tells how much of the conversation it was given.
  reply: (messages: readonly { role: string; content: string }[]) => {
    const questions = messages.filter(({ role }) => role === "user");
    return `第 ${questions.length} 问：${questions.at(-1)?.content ?? ""}`;
  },
};

let site: Site;

beforeAll(async () => {
  site = await openSite({ model: MODEL });
}, BUILD_TIMEOUT_MS);
afterAll(() => site.stop());

test("stopped, moved to other folders and started again, they go on with the conversation", async () => {
  await site.startGateway();
  await site.startAgent();
  await site.ask("zhangsan", "记住七");
  expect(await site.answersTo("zhangsan", "记住七")).toEqual(["第 1 问：记住七"]);
  await site.stopPrograms();

  const before = [site.gateway.folder, site.agent.folder];
  site.gateway.moveTo(join(site.root, "新家 (A)"));
  site.agent.moveTo(join(site.root, "新家 (B)", "智能体"));
  await site.startGateway();
  await site.startAgent();
  await site.ask("zhangsan", "是几");
  expect(await site.answersTo("zhangsan", "是几")).toEqual(["第 2 问：是几"]);
  await site.stopPrograms();
  // Nobody has gone back to where they were.
  expect(before.filter((folder) => existsSync(folder))).toEqual([]);
});

describe("an unpacked redis-server", () => {
  const bin = () => join(site.gateway.folder, "data", "bin");
  const file = () => join(bin(), readdirSync(bin())[0] ?? "", "redis-server");
  let whole: Buffer;
  beforeAll(() => {
    whole = readFileSync(file());
  });

  test.each<[string, () => void]>([
    ["has lost its end", () => truncateSync(file(), whole.length / 2)],
    ["is another program", () => cpSync("/bin/true", file())],
    ["has one wrong byte", () => writeFileSync(file(), Buffer.from(whole).fill(0xff, 9_999, 10_000))],
    ["may not be run", () => chmodSync(file(), 0o600)],
  ])("that %s is repaired by the next start", async (_, damage) => {
    damage();
    const gateway = await site.startGateway();
    expect(readFileSync(file()).equals(whole)).toBe(true);
    expect(await gateway.stop()).toBe(0);
    expect(readdirSync(join(file(), ".."))).toEqual(["redis-server"]);
  });
});

describe("an executable in a folder that nobody may write", () => {
  const state = () => join(site.root, "可写");
  const config = () => join(state(), "gateway.toml");
  const folder = () => join(site.root, "只读");
  let gateway: Installed;
  let port: number;
  let program: Program | undefined;

  beforeAll(async () => {
    gateway = await install("gateway", {
      folder: folder(),
      cwd: join(site.root, "traps"),
      launcher: asNobody(),
    });
    chmodSync(folder(), 0o555);
    mkdirSync(state(), { mode: 0o700 });
    if (asNobody().length > 0) {
      chmodSync(site.root, 0o755);
      chownSync(state(), NOBODY, NOBODY);
    }
    port = freePort();
  });
  afterAll(async () => {
    await program?.stop();
    chmodSync(folder(), 0o755);
  });

  test("init there says what to do instead", async () => {
    const { code, output } = await gateway.run(["init"]);
    expect({ code, output }).toMatchObject({ code: 1 });
    expect(output).toContain("--config");
    expect(output).not.toContain("EACCES");
  });

  test("with --config it writes and serves elsewhere", async () => {
    const made = await gateway.run(["init", "--config", config(), "--port", String(port)]);
    expect(made).toMatchObject({ code: 0 });
    // Both channels are off, and nobody outside is to be asked for the time.
    const offline = { HTTPS_PROXY: `http://127.0.0.1:${freePort()}` };
    const checked = await gateway.run(["doctor", "--config", config()], offline);
    expect(checked).toMatchObject({ code: 0 });
    program = gateway.start(["--config", config(), "--log-files"]);
    await untilReady(`http://127.0.0.1:${port}/readyz`, program);
    expect(processesFrom(join(state(), "data"))).toHaveLength(1);
    expect(await program.stop()).toBe(0);
    expect(processesFrom(site.root)).toEqual([]);
    expect(readdirSync(state()).toSorted()).toEqual(["data", "gateway.toml"]);
    expect(readFileSync(join(state(), "data", "logs", "gateway.log"), "utf8")).toContain("网关已启动");
    expect(readdirSync(folder())).toEqual(["claw-gateway"]);
  });
});

/** Root may write anywhere; for others the mode of the folder is enough. */
function asNobody(): string[] {
  if (process.getuid?.() !== 0) return [];
  const setpriv = Bun.which("setpriv");
  if (setpriv === null) throw new Error("setpriv is missing; Debian has it in util-linux");
  return [setpriv, `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
}
