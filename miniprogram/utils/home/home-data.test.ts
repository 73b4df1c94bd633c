import { expect, test } from "bun:test";
import type { Task } from "../../../src/contract/task.ts";
import { homeData } from "./home-data";

const NOW = new Date(2026, 2, 1, 15, 0).getTime();
const NOTHING = { user: undefined, agents: [], offline: false, tasks: undefined, conversations: undefined };

test("before anything is known there is a greeting, and nothing is claimed to be empty", () => {
  const data = homeData(NOTHING, NOW);
  expect([data.hello, data.agent.id, data.tasksKnown, data.conversationsKnown]).toEqual([
    "下午好",
    "",
    false,
    false,
  ]);
  expect(JSON.stringify(Object.values(data))).not.toContain("null");
});

test("greets by name, and shows three of the open tasks", () => {
  const user = { id: "u1", name: "小明", createdAt: 1, agentId: "b2" };
  const agents = [
    { id: "a1", online: true },
    { id: "b2", online: false },
  ];
  const task = (n: number): Task => {
    const ids = { id: `a1.t${n}`, jobId: `a1.j${n}`, agentId: "a1" };
    return { ...ids, number: n, title: "t", status: "queued", channel: "web", createdAt: n, attempts: 1 };
  };
  const data = homeData(
    { user, agents, offline: false, tasks: [4, 3, 2, 1].map(task), conversations: [] },
    NOW,
  );
  expect([data.hello, data.person.initial, data.agent.id, data.manyAgents]).toEqual([
    "下午好，小明",
    "小",
    "b2",
    true,
  ]);
  expect([data.tasks.length, data.openCount, data.conversationsKnown]).toEqual([3, 4, true]);
});

test("without a connection it does not claim that an agent is there", () => {
  const agents = [{ id: "a1", online: true, modelReady: true, model: "m" }];
  const { agent } = homeData({ ...NOTHING, agents, offline: true }, NOW);
  expect([agent.id, agent.status, agent.tone]).toEqual(["a1", "未连接", "quiet"]);
  expect(homeData({ ...NOTHING, offline: true }, NOW).agent.status).toBe("");
});
