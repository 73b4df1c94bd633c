import { expect, test } from "bun:test";
import type { AgentPresence } from "../../src/contract/presence";
import { agentNote } from "./agent-text";

test("an agent's line says what asking it now means", () => {
  const agent: AgentPresence = { id: "a1", online: true, model: "qwen3-8b", modelReady: true };
  expect(agentNote({ id: "a1", online: false })).toBe("离线，问题会排队，恢复后回答");
  expect(agentNote({ ...agent, modelReady: false })).toBe("在线，模型暂未就绪，问题会排队");
  expect(agentNote({ id: "a1", online: true })).toBe("在线");
  expect(agentNote({ ...agent, slots: 4, running: 0, waiting: 0 })).toBe("在线 · qwen3-8b · 空闲");
  expect(agentNote({ ...agent, slots: 4, running: 1, waiting: 0 })).toBe("在线 · qwen3-8b · 忙 1/4");
  expect(agentNote({ ...agent, slots: 4, running: 4, waiting: 2 })).toBe(
    "在线 · qwen3-8b · 忙 4/4，2 个排队",
  );
});
