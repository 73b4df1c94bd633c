import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type GatewaysOnRedis, startGatewayParts } from "../../../test/gateway-parts.ts";
import type { AgentPresence } from "../../contract/presence.ts";
import { refusal } from "../../contract/refusal.ts";
import type { CancelOutcome } from "../../contract/task.ts";
import type { JobRecord } from "../jobs/job-record.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { Links } from "../link/links.ts";
import type { TaskRecord } from "../tasks/task-record.ts";
import type { Feed } from "../users/feed.ts";
import type { CommandContext } from "./command.ts";
import { runCommand } from "./commands.ts";
import { taskName } from "./task-text.ts";
import { TEXTS } from "./texts.ts";

const ONLINE: AgentPresence = {
  id: "a1",
  online: true,
  modelReady: true,
  model: "qwen",
  slots: 4,
  running: 1,
  waiting: 0,
};
let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());
beforeEach(async () => {
  await parts.redis.flushall();
});

const taskOf = (change: Partial<TaskRecord> = {}): TaskRecord => ({
  id: "a1.t1",
  number: 12,
  title: "写周报",
  status: "running",
  agentId: "a1",
  channel: "wecom",
  createdAt: 1,
  attempts: 1,
  jobId: "a1.j9",
  userId: "u1",
  origin: "zhangsan",
  prompt: "写周报",
  ...change,
});

function context(given: {
  presence?: AgentPresence;
  /** Newest first: what its cancelling would say, and its status. */
  open?: readonly {
    outcome?: Awaited<ReturnType<JobStore["cancel"]>>;
    status?: JobRecord["status"];
    kind?: JobRecord["kind"];
    channel?: string;
  }[];
  tasks?: readonly TaskRecord[];
  cancelOutcome?: CancelOutcome;
  /** What creating and retrying a task throws. */
  refused?: Error;
}) {
  const { presence = ONLINE, open = [], tasks = [], refused } = given;
  const begun: string[] = [];
  const cancelled: string[] = [];
  const asked: unknown[][] = [];
  const at = (jobId: string) => open[Number(jobId.split(".j")[1])];
  let agentId = "a1";
  let codes = 0;
  const made: CommandContext = {
    channel: "wecom",
    redis: parts.redis,
    agentIds: ["a1", "b2"],
    conversation: {
      current: () => Promise.resolve("a1.c1"),
      begin: (_userId, key) => Promise.resolve(void begun.push(key)),
    },
    feed: { openJobs: () => Promise.resolve(open.map((_, i) => `a1.j${i}`)) } as unknown as Feed,
    jobs: {
      find: (id: string) =>
        Promise.resolve({
          id,
          kind: at(id)?.kind ?? "turn",
          conversationId: "a1.t1",
          preview: `问题 ${id}`,
          status: at(id)?.status ?? "running",
          channel: at(id)?.channel ?? "wecom",
        } as JobRecord),
      cancel: (id: string) => {
        cancelled.push(id);
        return Promise.resolve(at(id)?.outcome);
      },
    } as JobStore,
    links: { presence: (id: string) => Promise.resolve({ ...presence, id }) } as unknown as Links,
    users: {
      agentFor: () => Promise.resolve(agentId),
      setAgent: (id, chosen) => {
        agentId = chosen;
        return Promise.resolve({ id, createdAt: 1, agentId });
      },
    },
    tasks: {
      create: (...args) => {
        asked.push(args);
        return refused ? Promise.reject(refused) : Promise.resolve(taskOf());
      },
      find: (_userId, taskId) => Promise.resolve(tasks.find(({ id }) => id === taskId)),
      byNumber: (_userId, number) => Promise.resolve(tasks.find((task) => task.number === number)),
      list: (_userId, { limit }) =>
        Promise.resolve({
          tasks: tasks.slice(0, limit),
          ...(tasks.length > limit ? { cursor: "1" } : {}),
        }),
      cancel: (_userId, taskId) => {
        cancelled.push(taskId);
        return Promise.resolve(given.cancelOutcome ?? "cancelling");
      },
      retry: (userId, taskId, key) => {
        asked.push([userId, taskId, key]);
        const task = tasks.find(({ id }) => id === taskId) ?? taskOf();
        return refused ? Promise.reject(refused) : Promise.resolve({ ...task, attempts: task.attempts + 1 });
      },
    },
    bindings: {
      newCode: () => Promise.resolve(++codes > 5 ? "too-many" : { code: `00000${codes}`, validMs: 300_000 }),
    },
  };
  return { context: made, begun, cancelled, asked };
}
const run = (made: CommandContext, text: string, key = "m1") =>
  runCommand(made, text, { userId: "u1", member: "zhangsan", key });
/** What the job that is at that place in `open` is called as a turn. */
const answer = (at: number) => `对「问题 a1.j${at}」的回答`;
const say = (text: string, given: Parameters<typeof context>[0] = {}) => run(context(given).context, text);

test.each(["你好", "/", "//", "/home/user", "/usr/bin 是什么", "1/2", "看看 /help", "http://a/help", "/1"])(
  "%s is no command",
  async (text) => {
    expect(await say(text)).toBeUndefined();
  },
);

test("commands by all their names; one that does not exist is answered, not asked of the model", async () => {
  for (const text of ["/help", " /HELP ", "／help", "/帮助", "／帮助", "/help 我"])
    expect(await say(text)).toBe(TEXTS.help);
  expect(await say("/frobnicate now")).toBe(TEXTS.unknownCommand("/frobnicate"));
  expect(await say("/constructor")).toBe(TEXTS.unknownCommand("/constructor"));
  expect(await say(`/${"长".repeat(700)}`)).toBe(
    `没有 /${"长".repeat(19)}… 这个命令，发送 /help 查看可用的命令。`,
  );
});

test("/new begins a conversation that is named by the message", async () => {
  const { context: made, begun } = context({});
  expect(await run(made, "/新会话", "m7")).toBe(TEXTS.newConversation);
  expect(begun).toEqual(["m7"]);
});

test("/status says whether anybody is there, and counts answers and tasks that have not ended", async () => {
  const open = [
    { status: "running" },
    { status: "queued" },
    { status: "delivered" },
    { status: "done" },
    { kind: "task", status: "running" },
    { kind: "task", status: "running" },
    { kind: "task", status: "delivered" },
    { kind: "task", status: "failed" },
  ] as const;
  const status = (await say("/status", { open })) ?? "";
  expect(status).toContain("qwen");
  expect(status).toContain("1/4");
  expect(status).toEndWith("你的回答：1 个进行中，2 个等待中\n你的任务：2 个进行中，1 个等待中");
  expect(await say("/status", { presence: { id: "a1", online: false } })).toContain("不在线");
  expect(await say("/status", { presence: { ...ONLINE, modelReady: false } })).toContain(
    "模型服务暂时不可用",
  );
  expect(await say("/status", { presence: { ...ONLINE, waiting: 3 } })).toContain("另有 3 个排队");
});

describe("/cancel", () => {
  test("ends the newest answer that has not ended, names it, and ends no more than one", async () => {
    const { context: made, cancelled } = context({
      open: [
        { status: "done" },
        { status: "cancelled" },
        { outcome: "cancelling" },
        { outcome: "cancelling" },
      ],
    });
    expect(await run(made, "/取消")).toBe("正在取消对「问题 a1.j2」的回答，请稍候。");
    expect(cancelled).toEqual(["a1.j2"]);
  });

  test.each(["running", "queued"] as const)("ends an answer (%s) before any task", async (status) => {
    const { context: made, cancelled } = context({
      open: [
        { kind: "task", outcome: "cancelling" },
        { status: "done" },
        { status, outcome: "cancelling" },
        { kind: "task", outcome: "cancelling" },
      ],
      tasks: [taskOf()],
    });
    expect(await run(made, "/cancel")).toBe(TEXTS.cancelling(answer(2)));
    expect(cancelled).toEqual(["a1.j2"]);
  });

  test("without an answer in the making ends the newest task that has not ended, and names it", async () => {
    const { context: made, cancelled } = context({
      open: [
        { status: "failed" },
        { kind: "task", status: "done" },
        { kind: "task", outcome: "cancelling" },
        { kind: "task", outcome: "cancelling" },
      ],
      tasks: [taskOf()],
    });
    expect(await run(made, "/cancel")).toBe("正在取消任务 12「写周报」，请稍候。");
    expect(cancelled).toEqual(["a1.j2"]);
  });

  test("handled again, after a crash, it does not end the next one", async () => {
    const { context: made, cancelled } = context({
      open: [{ outcome: "cancelled" }, { outcome: "cancelling" }],
    });
    await run(made, "/cancel", "m1");
    // Meanwhile the first has ended, so that the second is the newest.
    const later = context({
      open: [{ status: "cancelled", outcome: "cancelled" }, { outcome: "cancelling" }],
    });
    await run(later.context, "/cancel", "m1");
    expect([...cancelled, ...later.cancelled]).toEqual(["a1.j0", "a1.j0"]);
    await run(later.context, "/cancel", "m2");
    expect(later.cancelled).toEqual(["a1.j0", "a1.j1"]);
  });

  test("what a job's end says itself is not said twice", async () => {
    expect(await say("/cancel", { open: [{ outcome: "cancelled" }] })).toBe("");
    await parts.redis.flushall();
    expect(await say("/cancel", { open: [{ outcome: "cancelled", channel: "miniprogram" }] })).toBe(
      TEXTS.cancelled(answer(0)),
    );
  });

  test("nothing to cancel, too late, and an agent that is away", async () => {
    expect(await say("/cancel")).toBe(TEXTS.nothingToCancel);
    const presence = { id: "a1", online: false };
    expect(await say("/cancel", { open: [{ outcome: "cancelling" }], presence })).toBe(
      TEXTS.cancelWhenOnline(answer(0)),
    );
    await parts.redis.flushall();
    expect(await say("/cancel", { open: [{ outcome: "done" }] })).toBe(TEXTS.overBeforeCancel(answer(0)));
  });

  test.each(["/cancel 12", "/取消12", "/cancel #12", "／取消　１２", "/取消 12号"])("%s", async (text) => {
    const { context: made, cancelled } = context({ tasks: [taskOf()], open: [{ outcome: "cancelling" }] });
    expect(await run(made, text)).toBe(TEXTS.cancelling(taskName(taskOf())));
    expect(cancelled).toEqual(["a1.t1"]);
  });

  test("of a task that has ended, is somebody's else, or is none", async () => {
    const done = taskOf({ status: "done" });
    expect(await say("/cancel 12", { tasks: [done] })).toBe(
      "任务 12「写周报」已经结束（已完成），不需要取消。",
    );
    expect(await say("/cancel 12", { tasks: [taskOf()], cancelOutcome: "failed" })).toBe(
      "任务 12「写周报」已经结束（失败），不需要取消。",
    );
    expect(await say("/cancel 13", { tasks: [done] })).toBe(TEXTS.noSuchTask(13));
    expect(await say("/cancel 那个")).toBe(TEXTS.numberNeeded("/cancel"));
    expect(await say("/cancel 12", { tasks: [taskOf()], cancelOutcome: "cancelled" })).toBe("");
  });
});

describe("tasks", () => {
  test("/task hands over what follows, once per message; the card is the answer", async () => {
    const { context: made, asked } = context({});
    expect(await run(made, "/任务 写周报\n要短", "m3")).toBe("");
    const source = { channel: "wecom", origin: "zhangsan" };
    expect(asked).toEqual([["u1", { prompt: "写周报\n要短", idempotencyKey: "wecom:m3" }, source]]);
    expect(await say("/task  ")).toBe(TEXTS.taskUsage);
  });

  test("a refusal is told in its own words", async () => {
    const refused = refusal("too-many-tasks", "太多了");
    expect(await say("/task 写周报", { refused })).toBe("太多了");
    expect(await say("/retry 12", { refused, tasks: [taskOf({ status: "failed" })] })).toBe("太多了");
    const broken = say("/task 写周报", { refused: new Error("boom") });
    expect(await broken.catch(String)).toContain("boom");
  });

  test("/tasks shows the newest with their state", async () => {
    expect(await say("/tasks")).toBe(TEXTS.noTasks);
    const running = taskOf({ progress: { note: "写到一半", percent: 40.7 } });
    const answer = await say("/任务列表", { tasks: [running, taskOf({ number: 11, status: "done" })] });
    expect(answer).toContain("12　进行中 40%　写周报\n11　已完成　写周报");
    expect(answer).not.toContain("更早");
    const many = Array.from({ length: 11 }, (_, i) => taskOf({ number: 99 - i }));
    expect(await say("/tasks", { tasks: many })).toContain("更早");
  });

  test("/retry tries one that has ended again", async () => {
    const { context: made, asked } = context({ tasks: [taskOf({ status: "failed" })] });
    expect(await run(made, "/重试 12", "m5")).toBe("");
    expect(asked).toEqual([["u1", "a1.t1", "wecom:m5"]]);
    const elsewhere = taskOf({ status: "done", channel: "miniprogram" });
    expect(await say("/retry 12", { tasks: [elsewhere] })).toBe(TEXTS.taskRetried(taskName(elsewhere)));
    expect(await say("/retry")).toBe(TEXTS.numberNeeded("/retry"));
    expect(await say("/retry 5")).toBe(TEXTS.noSuchTask(5));
  });
});

describe("/agent", () => {
  test("shows all of them, and which is the user's", async () => {
    const answer = (await say("/agent")) ?? "";
    expect(answer).toContain("1　a1（当前）　在线");
    expect(answer).toContain("忙 1/4");
    expect(answer).toContain("2　b2　在线");
    const away = await say("/智能体", { presence: { id: "a1", online: false } });
    expect(away).toContain("1　a1（当前）　不在线");
  });

  test.each(["/agent 2", "/agent b2"])("%s chooses", async (text) => {
    const { context: made } = context({});
    expect(await run(made, text)).toBe(TEXTS.agentChosen("b2"));
    expect(await made.users.agentFor("u1")).toBe("b2");
    expect(await run(made, text)).toBe(TEXTS.agentKept("b2"));
  });

  test("of one that is not there or away", async () => {
    expect(await say("/agent 3")).toBe(TEXTS.noSuchAgent);
    expect(await say("/agent 0")).toBe(TEXTS.noSuchAgent);
    expect(await say("/agent 2", { presence: { id: "a1", online: false } })).toContain(TEXTS.agentAway);
  });
});

test("/bind gives a code; handled again, the same one; too many are refused", async () => {
  const { context: made } = context({});
  expect(await run(made, "/bind", "m1")).toBe(TEXTS.bindingCode("000001", 5));
  expect(await run(made, "/绑定", "m1")).toBe(TEXTS.bindingCode("000001", 5));
  expect(await run(made, "/bind", "m2")).toBe(TEXTS.bindingCode("000002", 5));
  for (const key of ["m3", "m4", "m5"]) await run(made, "/bind", key);
  expect(await run(made, "/bind", "m6")).toBe(TEXTS.tooManyCodes);
});
