import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../config.ts";
import { readAgentConfig } from "./config.ts";

const ENV = { CLAW_AGENT_ID: "a1", CLAW_AGENT_KEY: "agent-key" };
// Not the one that a developer may have in the working directory.
const dir = mkdtempSync(join(tmpdir(), "claw-config-"));
const emptyFile = join(dir, "empty.toml");
writeFileSync(emptyFile, "");
process.once("exit", () => rmSync(dir, { recursive: true, force: true }));

const outside = { ...process.env };
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in outside)) delete process.env[name];
  Object.assign(process.env, outside);
});

function read(env: Record<string, string>) {
  for (const name of Object.keys(process.env)) if (name.startsWith("CLAW_")) delete process.env[name];
  Object.assign(process.env, env);
  return readAgentConfig(emptyFile);
}
function wrongKeys(env: Record<string, string>): string[] {
  try {
    read(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ key }) => key);
    throw error;
  }
  return [];
}

test("an id and a key are enough: gateway, LM Studio and admin page have their usual places", () => {
  expect(read(ENV)).toMatchObject({
    gateway: { url: "wss://pactgo.cn/link", ca: "" },
    lmStudio: {
      baseUrl: "http://127.0.0.1:1234",
      model: "",
      apiKey: "",
      timeouts: { firstWordMs: 600_000, idleMs: 120_000, totalMs: 3_600_000 },
    },
    slots: 0,
    tasksPerUser: 2,
    admin: { host: "127.0.0.1", port: 8790 },
  });
});

test("how long the model may take is told in the units that the keys name", () => {
  const { lmStudio } = read({
    ...ENV,
    CLAW_LMSTUDIO_FIRST_WORD_SECONDS: "1200",
    CLAW_LMSTUDIO_SILENCE_SECONDS: "30",
    CLAW_LMSTUDIO_ANSWER_MINUTES: "180",
  });
  expect(lmStudio.timeouts).toEqual({ firstWordMs: 1_200_000, idleMs: 30_000, totalMs: 10_800_000 });
});

test("every wrong key is named at once", () => {
  expect(
    wrongKeys({
      CLAW_AGENT_ID: "a 1",
      CLAW_GATEWAY_URL: "https://pactgo.cn/link",
      CLAW_AGENT_SLOTS: "257",
      CLAW_AGENT_TASKS_PER_USER: "0",
      CLAW_LMSTUDIO_FIRST_WORD_SECONDS: "0",
      CLAW_LMSTUDIO_SILENCE_SECONDS: "2m",
      CLAW_LMSTUDIO_ANSWER_MINUTES: "10081",
      CLAW_ADMIN_PORT: "x",
    }).toSorted(),
  ).toEqual([
    "admin.port",
    "agent.id",
    "agent.key",
    "agent.slots",
    "agent.tasks_per_user",
    "gateway.url",
    "lmstudio.answer_minutes",
    "lmstudio.first_word_seconds",
    "lmstudio.silence_seconds",
  ]);
});
