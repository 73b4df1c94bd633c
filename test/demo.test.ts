import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Program, startCommand } from "../dev/program.ts";
import { until } from "./until.ts";

const ROOT = resolve(import.meta.dir, "..");
const START_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 30_000;

let dir: string;
let demo: Program | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "claw-演示 "));
});
afterEach(async () => {
  for (const { pid } of processesOf(dir)) process.kill(pid, "SIGKILL");
  await demo?.exited;
  rmSync(dir, { recursive: true, force: true });
});

interface Running {
  pid: number;
  command: string;
}

/** What `npm start` has started, and what that has: they work in the demo's data folder, or were told of it. */
function processesOf(folder: string): Running[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const told = command + readFileSync(`/proc/${pid}/environ`, "utf8");
        const isOurs = told.includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
        return isOurs ? [{ pid: Number(pid), command }] : [];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

/** Types `npm start`; resolves with the page's address. */
async function start(): Promise<string> {
  const env = { ...process.env, CLAW_DEMO_DATA: dir, CLAW_DEMO_PORT: "0" };
  const program = startCommand(["npm", "start"], { env, cwd: ROOT });
  demo = program;
  const address = () => /^ +(http:\S+) +企业微信/m.exec(program.output())?.[1];
  await until("the demo tells its address", () => address() !== undefined, START_TIMEOUT_MS);
  return address() ?? "";
}

/** Presses Ctrl+C, which a terminal tells all that runs in it; resolves when that has ended. */
async function pressCtrlC(): Promise<void> {
  process.kill(-(demo?.pid ?? 0), "SIGINT");
  await demo?.exited;
}

/** Writes to the app on the page, and waits for its answer there. */
async function ask(page: string, text: string): Promise<string> {
  const events = await fetch(`${page}/events?member=zhangsan`, {
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  const body = JSON.stringify({ member: "zhangsan", text });
  expect((await fetch(`${page}/send`, { method: "POST", body })).status).toBe(200);
  let received = "";
  for await (const chunk of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    received += chunk;
    for (const line of received.split("\n").filter((line) => line.startsWith("data: {"))) {
      const item = parsed(line.slice("data: ".length));
      if (item?.from === "app" && item.content.includes(text)) return item.content;
    }
  }
  throw new Error("the page's stream has ended");
}

/** The last line may not be whole yet. */
function parsed(json: string): { from: string; content: string } | undefined {
  try {
    return JSON.parse(json) as { from: string; content: string };
  } catch {
    return undefined;
  }
}

test("npm start answers, and after Ctrl+C nothing is left; so it does a second time", async () => {
  for (const text of ["你好，演示", "又见面了"]) {
    const page = await start();
    expect(await ask(page, text)).toContain(text);
    const commands = processesOf(dir).map(({ command }) => command);
    for (const part of ["dev/demo.ts", "gateway/main.ts", "agent/main.ts", "redis-server"])
      expect(commands).toContainEqual(expect.stringContaining(part));
    await pressCtrlC();
    expect(demo?.output()).toContain("已全部停止");
    expect(processesOf(dir)).toEqual([]);
  }
});

test("the mini-program is there, with and without the slash at the end of its address", async () => {
  const page = await start();
  const response = await fetch(`${page}/miniprogram?user=li`);
  expect(response.url).toBe(`${page}/miniprogram/?user=li`);
  const html = await response.text();
  const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
  expect(parts.length).toBeGreaterThan(0);
  for (const path of parts) expect((await fetch(new URL(path, response.url))).status).toBe(200);
  await pressCtrlC();
});
