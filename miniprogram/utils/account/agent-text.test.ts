import { expect, test } from "bun:test";
import type { AgentPresence } from "../../../src/contract/presence";
import { agentCard, agentNote, chosenAgent } from "./agent-text";

const NOW = new Date(2026, 2, 1, 9, 30).getTime();
const AGENT: AgentPresence = { id: "a1", online: true, modelReady: true, model: "qwen" };

test("the chosen agent, else the first", () => {
  const agents = [
    { id: "a1", online: true },
    { id: "b2", online: false },
  ];
  expect(chosenAgent({ agentId: "b2" }, agents)?.id).toBe("b2");
  expect(chosenAgent({ agentId: "gone" }, agents)?.id).toBe("a1");
  expect(chosenAgent(undefined, agents)?.id).toBe("a1");
  expect(chosenAgent(undefined, [])).toBeUndefined();
});

test("a card says what a person has to expect", () => {
  const agent = { ...AGENT, slots: 4, running: 0, waiting: 0 };
  expect(agentCard({ ...agent, since: NOW - 60_000 }, NOW, false)).toEqual({
    id: "a1",
    status: "在线",
    tone: "good",
    model: "qwen",
    note: "空闲 · 今天 09:29 上线",
  });
  expect(agentCard(AGENT, NOW, false).note).toBe("空闲");
  expect(agentCard({ ...agent, running: 4, waiting: 2 }, NOW, false).note).toBe("忙碌 4/4，2 个排队");
  expect(agentCard({ ...agent, modelReady: false }, NOW, false)).toMatchObject({
    status: "模型未就绪",
    note: "模型服务暂时没有响应，问题会排队，恢复后回答",
  });
  expect(agentCard({ id: "a1", online: false }, NOW, false).note).toBe("问题会排队，恢复后回答");
  expect(agentCard(agent, NOW, true).status).toBe("未连接");
  expect(agentCard(undefined, NOW, false).id).toBe("");
});

test("a line says what asking that agent now means", () => {
  expect(agentNote({ id: "a1", online: false })).toBe("离线，问题会排队，恢复后回答");
  expect(agentNote({ ...AGENT, modelReady: false })).toBe("在线，模型暂未就绪，问题会排队");
  expect(agentNote({ id: "a1", online: true })).toBe("在线");
  expect(agentNote({ ...AGENT, slots: 4, running: 0, waiting: 0 })).toBe("在线 · qwen · 空闲");
  expect(agentNote({ ...AGENT, slots: 4, running: 1, waiting: 0 })).toBe("在线 · qwen · 忙 1/4");
  expect(agentNote({ ...AGENT, slots: 4, running: 4, waiting: 2 })).toBe("在线 · qwen · 忙 4/4，2 个排队");
});

test("one that runs more than it has slots for, since it has been given fewer, is full", () => {
  expect(agentNote({ ...AGENT, slots: 2, running: 3, waiting: 0 })).toBe("在线 · qwen · 忙 3/3");
});
