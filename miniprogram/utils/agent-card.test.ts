import { expect, test } from "bun:test";
import { agentCard, chosenAgent } from "./agent-card";

const NOW = new Date(2026, 2, 1, 9, 30).getTime();

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

test("says what a person has to expect", () => {
  const agent = { id: "a1", online: true, modelReady: true, model: "qwen", slots: 4, running: 0, waiting: 0 };
  expect(agentCard({ ...agent, since: NOW - 60_000 }, NOW, false)).toEqual({
    id: "a1",
    status: "在线",
    tone: "good",
    model: "qwen",
    note: "空闲 · 今天 09:29 上线",
  });
  expect(agentCard({ ...agent, running: 4, waiting: 2 }, NOW, false).note).toBe("忙碌 4/4，2 个排队");
  expect(agentCard({ ...agent, modelReady: false }, NOW, false).status).toBe("模型未就绪");
  expect(agentCard({ id: "a1", online: false }, NOW, false).note).toBe("问题会排队，恢复后回答");
  expect(agentCard(agent, NOW, true).status).toBe("未连接");
  expect(agentCard(undefined, NOW, false).id).toBe("");
});
