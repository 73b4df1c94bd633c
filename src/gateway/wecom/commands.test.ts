import { expect, test } from "bun:test";
import type { AgentPresence } from "../../contract/presence.ts";
import type { JobRecord } from "../jobs/job-record.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { Links } from "../link/links.ts";
import type { Feed } from "../users/feed.ts";
import { type CommandContext, runCommand } from "./commands.ts";
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

function context(parts: {
  presence?: AgentPresence;
  /** Newest first: what its cancelling would say, and its status. */
  open?: readonly {
    outcome?: Awaited<ReturnType<JobStore["cancel"]>>;
    status?: JobRecord["status"];
    channel?: string;
  }[];
}) {
  const { presence = ONLINE, open = [] } = parts;
  const begun: string[] = [];
  const cancelled: string[] = [];
  const at = (jobId: string) => open[Number(jobId.split(".j")[1])];
  const made: CommandContext = {
    channel: "wecom",
    conversation: {
      current: () => Promise.resolve("a1.c1"),
      begin: (_userId, key) => Promise.resolve(void begun.push(key)),
    },
    feed: { openJobs: () => Promise.resolve(open.map((_, i) => `a1.j${i}`)) } as unknown as Feed,
    jobs: {
      find: (id) =>
        Promise.resolve({
          id,
          status: at(id)?.status ?? "running",
          channel: at(id)?.channel ?? "wecom",
        } as JobRecord),
      cancel: (id) => {
        cancelled.push(id);
        return Promise.resolve(at(id)?.outcome);
      },
      enqueue: () => Promise.resolve(),
    },
    links: { presence: () => Promise.resolve(presence) } as unknown as Links,
  };
  return { context: made, begun, cancelled };
}
const say = (text: string, parts: Parameters<typeof context>[0] = {}) =>
  runCommand(context(parts).context, "u1", text, "m1");

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
});

test("/new begins a conversation that is named by the message", async () => {
  const { context: made, begun } = context({});
  expect(await runCommand(made, "u1", "/新会话", "m7")).toBe(TEXTS.newConversation);
  expect(begun).toEqual(["m7"]);
});

test("/status says whether anybody is there, and counts only what has not ended", async () => {
  const open = [
    { status: "running" },
    { status: "queued" },
    { status: "delivered" },
    { status: "done" },
  ] as const;
  const answer = (await say("/status", { open })) ?? "";
  expect(answer).toContain("qwen");
  expect(answer).toContain("1/4");
  expect(answer).toContain("1 个进行中，2 个等待中");
  expect(await say("/status", { presence: { id: "a1", online: false } })).toContain("不在线");
  expect(await say("/status", { presence: { ...ONLINE, modelReady: false } })).toContain(
    "模型服务暂时不可用",
  );
  expect(await say("/status", { presence: { ...ONLINE, waiting: 3 } })).toContain("另有 3 个排队");
});

test("/cancel ends the newest job that has not ended, and no more than one", async () => {
  const { context: made, cancelled } = context({
    open: [{ outcome: "done" }, {}, { outcome: "cancelling" }, { outcome: "cancelling" }],
  });
  expect(await runCommand(made, "u1", "/取消", "m1")).toBe(TEXTS.cancelling);
  expect(cancelled).toEqual(["a1.j0", "a1.j1", "a1.j2"]);
});

test("/cancel: what a job's end says itself is not said twice", async () => {
  expect(await say("/cancel", { open: [{ outcome: "cancelled" }] })).toBe("");
  expect(await say("/cancel", { open: [{ outcome: "cancelled", channel: "miniprogram" }] })).toBe(
    TEXTS.cancelled,
  );
  expect(await say("/cancel")).toBe(TEXTS.nothingToCancel);
  const presence = { id: "a1", online: false };
  expect(await say("/cancel", { open: [{ outcome: "cancelling" }], presence })).toBe(TEXTS.cancelWhenOnline);
});
