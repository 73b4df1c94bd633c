import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  openWecomChannelForTests,
  type WecomChannelUnderTest,
} from "../../../dev/wecom-channel-for-tests.ts";
import { describeTask } from "./task-text.ts";
import { TEXTS } from "./texts.ts";

let at: WecomChannelUnderTest;
beforeAll(async () => {
  at = await openWecomChannelForTests();
});
afterAll(() => at.close());

let count = 0;
let member = "";
beforeEach(() => {
  member = `member${++count}`;
  at.away.clear();
  at.wecom.failNoMore();
});
const UPDATE = { api: "message/update_template_card" };
const seen = () => at.seen(member);
const untilSeen = (number: number) => at.until(() => seen().length >= number);
const name = "任务 1「写周报」";

async function submit(text = "写周报"): Promise<string> {
  await at.say(member, `/task ${text}`);
  await untilSeen(1);
  return (await at.taskOf(member)).jobId;
}
/** A last message after which nothing of what came before it can still be on its way. */
async function settled(): Promise<string[]> {
  const { length } = seen();
  await at.say(member, "/help");
  await at.until(() => seen().slice(length).includes(TEXTS.help));
  return seen().filter((text) => text !== TEXTS.help);
}

describe("a task", () => {
  test("is a card, that changes when it ends, and then its result", async () => {
    const jobId = await submit();
    expect(seen()).toEqual(["写周报｜任务 1 · 排队中｜｜取消 查看"]);
    await at.agentSays(jobId, { t: "started" }, { t: "progress", note: "写到一半", percent: 50 });
    await at.agentSays(jobId, { t: "done", text: "本周完成三件事。" });
    await untilSeen(2);
    expect(await settled()).toEqual([
      "写周报｜任务 1 · 已完成｜结果：本周完成三件事。｜查看",
      `${name}的结果：\n\n本周完成三件事。`,
    ]);
  });

  test("that waits for an agent says so", async () => {
    at.away.add("a1");
    await submit();
    expect(seen()[0]).toContain("智能体当前不在线，恢复连接后会自动开始。");
  });

  test("that fails keeps what there was, and can be retried", async () => {
    const jobId = await submit();
    await at.agentSays(
      jobId,
      { t: "delta", text: "前半" },
      { t: "failed", code: "model-error", message: "模型断开" },
    );
    await untilSeen(2);
    expect(seen()).toEqual([
      "写周报｜任务 1 · 失败｜原因：模型断开｜重试 查看",
      `前半\n\n${TEXTS.cutOff}\n${TEXTS.taskFailed(name, "模型断开")}`,
    ]);
    await at.press(member, "retry");
    await untilSeen(3);
    expect(await settled()).toEqual([
      "写周报｜任务 1 · 已重试｜已经开始第 2 次执行，进展请看新的卡片。｜查看",
      expect.any(String),
      "写周报｜任务 1 · 排队中｜｜取消 查看",
    ]);
    const retried = await at.taskOf(member);
    expect(retried.attempts).toBe(2);
    await at.agentSays(retried.jobId, { t: "done", text: "好了" });
    await at.until(() => seen()[2]?.startsWith("写周报｜任务 1 · 已完成") === true);
  });

  test("with a long result sends it whole, in pieces", async () => {
    const jobId = await submit();
    const text = Array.from({ length: 150 }, (_, i) => `第 ${i} 件事做完了，情况良好。`).join("\n");
    await at.agentSays(jobId, { t: "done", text });
    await at.until(() => seen().join("").includes("第 149 件"));
    const [, first = "", ...rest] = seen();
    expect(rest.length).toBeGreaterThan(0);
    expect([first.replace(`${name}的结果：\n\n`, ""), ...rest].join("\n")).toBe(text);
  });

  test("/tasks, /cancel and /retry by its number", async () => {
    const jobId = await submit();
    await at.say(member, "/tasks");
    await untilSeen(2);
    expect(seen()[1]).toContain("1　排队中　写周报");
    await at.say(member, "/cancel 1");
    await untilSeen(3);
    expect(await settled()).toEqual([
      "写周报｜任务 1 · 已取消｜｜重试 查看",
      expect.stringContaining("最近的任务"),
      TEXTS.cancelled(name),
    ]);
    await at.say(member, "/retry 1");
    await untilSeen(5);
    expect(seen().at(-1)).toBe("写周报｜任务 1 · 排队中｜｜取消 查看");
    expect((await at.taskOf(member)).jobId).not.toBe(jobId);
  });
});

describe("a button", () => {
  test("取消 on a queued task ends it; pressed twice, also within a second, it acts once", async () => {
    await submit();
    const createTime = Math.floor(Date.now() / 1_000);
    const first = await at.press(member, "cancel", member, { createTime });
    const second = await at.press(member, "cancel", member, { createTime }).catch(() => undefined);
    await untilSeen(2);
    expect(await settled()).toEqual(["写周报｜任务 1 · 已取消｜｜重试 查看", TEXTS.cancelled(name)]);
    const codes = [first.ResponseCode, second?.ResponseCode];
    const used = at.wecom.calls(UPDATE.api).filter(({ outcome }) => outcome === "updated");
    // The newest code that was there, never the one from before the presses.
    expect(codes).toContain(used.at(-1)?.body["response_code"] as string);
  });

  test("取消 on a running one keeps what there was", async () => {
    const jobId = await submit();
    await at.agentSays(jobId, { t: "started" }, { t: "delta", text: "写了一段" });
    await at.press(member, "cancel");
    await at.press(member, "cancel");
    await at.until(async () => (await at.redis.hget("claw:{agent:a1}:job:" + jobId, "cancel")) === "1");
    await at.agentSays(jobId, { t: "cancelled" });
    await untilSeen(2);
    expect(await settled()).toEqual([
      "写周报｜任务 1 · 已取消｜已经生成的部分：写了一段｜重试 查看",
      `写了一段\n\n${TEXTS.cutOff}\n${TEXTS.cancelled(name)}`,
    ]);
  });

  test("取消 while the agent is away says when it will be, once", async () => {
    const jobId = await submit();
    await at.agentSays(jobId, { t: "started" });
    at.away.add("a1");
    await at.press(member, "cancel");
    await at.press(member, "cancel");
    await untilSeen(2);
    expect((await settled()).slice(1)).toEqual([TEXTS.cancelWhenOnline(name)]);
  });

  test("取消 that comes when it has ended leaves the result alone and shows it", async () => {
    const jobId = await submit();
    // The card stays as it was: no update gets through, and no other card.
    at.wecom.failNext(40003, 1, UPDATE);
    await at.agentSays(jobId, { t: "done", text: "结果" });
    await untilSeen(2);
    await at.press(member, "cancel");
    await at.until(() => seen()[0]?.includes("已完成") === true);
    expect(await settled()).toEqual(["写周报｜任务 1 · 已完成｜结果：结果｜查看", `${name}的结果：\n\n结果`]);
    expect((await at.taskOf(member)).status).toBe("done");
  });

  test("查看 tells the present state; a double press is one answer", async () => {
    const jobId = await submit();
    await at.agentSays(jobId, { t: "started" }, { t: "progress", note: "正在写", percent: 30 });
    await at.until(async () => (await at.taskOf(member)).progress !== undefined);
    const createTime = Math.floor(Date.now() / 1_000);
    await at.press(member, "view", member, { createTime });
    await at.press(member, "view", member, { createTime });
    await at.press(member, "view", member, { createTime: createTime + 1 });
    await untilSeen(2);
    const [, told = "", ...more] = await settled();
    expect(more).toEqual([]);
    for (const part of [name, "进行中 30%", "正在写", "/cancel 1"]) expect(told).toContain(part);
    await at.press(member, "view", member, { createTime: createTime + 60 });
    await at.until(() => seen().filter((text) => text.startsWith(name)).length === 2);
  });

  test("重试 pressed twice begins one attempt; the old card begins no other, ever", async () => {
    const first = await submit();
    await at.agentSays(first, { t: "failed", code: "model-error", message: "断开" });
    await untilSeen(2);
    const card = at.wecom.list(member)[0]?.id ?? "";
    const presses = [1, 2, 3].map(() => at.wecom.press(card, "retry"));
    const send = (i: number) => at.sender.sendEvent(member, "template_card_event", presses[i] ?? {});
    await Promise.all([send(0), send(1)]);
    await untilSeen(3);
    await settled();
    const second = await at.taskOf(member);
    expect(second.attempts).toBe(2);
    await at.agentSays(second.jobId, { t: "failed", code: "model-error", message: "又断开" });
    await at.until(async () => (await at.taskOf(member)).status === "failed");
    // The third press of the first card comes late: that attempt is long over.
    await send(2);
    await settled();
    expect((await at.taskOf(member)).attempts).toBe(2);
  });

  test("pressed by somebody else does nothing", async () => {
    await submit();
    const before = at.wecom.calls().length;
    const stranger = `${member}-x`;
    for (const key of ["cancel", "view"]) await at.press(member, key, stranger);
    await at.say(stranger, "/help");
    await at.until(() => at.seen(stranger).length > 0);
    expect(at.seen(stranger)).toEqual([TEXTS.help]);
    expect(seen()).toHaveLength(1);
    expect((await at.taskOf(member)).status).toBe("queued");
    expect(at.wecom.calls().length).toBe(before + 1);
  });

  test("of a card that is none of ours is ignored", async () => {
    for (const TaskId of ["other@x_1", "a1@ffff_1-1", ""])
      await at.sender.sendEvent(member, "template_card_event", { TaskId, EventKey: "cancel" });
    expect(await settled()).toEqual([]);
  });

  test("is acknowledged before it is handled: a gateway that dies in between does it when it is back, once", async () => {
    await submit();
    await at.stopRunning();
    const fields = await at.press(member, "cancel");
    // WeCom sends it again: the first answer got lost.
    await at.sender.sendEvent(member, "template_card_event", fields);
    expect((await at.taskOf(member)).status).toBe("queued");
    at.startRunning();
    await untilSeen(2);
    expect(await settled()).toEqual(["写周报｜任务 1 · 已取消｜｜重试 查看", TEXTS.cancelled(name)]);
  });
});

describe("when WeCom will not", () => {
  test("change the card, another tells the end, and its buttons work", async () => {
    const jobId = await submit();
    at.wecom.failNext(49999, 1, UPDATE);
    await at.agentSays(jobId, { t: "failed", code: "model-error", message: "断开" });
    await untilSeen(3);
    expect(seen()).toEqual([
      "写周报｜任务 1 · 排队中｜｜取消 查看",
      "写周报｜任务 1 · 失败｜原因：断开｜重试 查看",
      TEXTS.taskFailed(name, "断开"),
    ]);
    await at.press(member, "retry");
    await untilSeen(4);
    expect((await settled())[1]).toContain("已重试");
  });

  test("take cards, text says the same", async () => {
    at.wecom.failNext(40008);
    const jobId = await submit();
    at.wecom.failNext(40008);
    await at.agentSays(jobId, { t: "done", text: "结果" });
    await untilSeen(3);
    const [begin = "", end = "", result] = await settled();
    for (const part of [`${name}：排队中`, "/cancel 1"]) expect(begin).toContain(part);
    for (const part of [`${name}：已完成`, "/retry 1"]) expect(end).toContain(part);
    expect(result).toBe(`${name}的结果：\n\n结果`);
  });
});

test("another agent chosen: the next task and the next message go to it", async () => {
  await at.say(member, "/agent 2");
  await untilSeen(1);
  await at.say(member, "/task 写周报");
  await untilSeen(2);
  expect((await at.taskOf(member)).agentId).toBe("b2");
  await at.say(member, "你好");
  await at.until(async () => (await at.redis.xlen("claw:{agent:b2}:orders")) >= 2);
});

test("a preview is shown without Markdown's marks", async () => {
  const jobId = await submit();
  await at.agentSays(jobId, { t: "done", text: "## 要点\n- **新版本**周三发布\n- 用 `git` 管理" });
  await untilSeen(2);
  expect(seen()[0]).toContain("｜结果：要点 • 新版本周三发布 • 用 git 管理｜");
});

test("a card and 查看 say when they show no more than a result's beginning", async () => {
  const jobId = await submit();
  await at.agentSays(jobId, { t: "done", text: "一二三四五".repeat(60) });
  await untilSeen(2);
  expect(seen()[0]).toMatch(/已完成｜结果开头：(?:一二三四五){22}…｜查看$/);
  await at.press(member, "view");
  await untilSeen(3);
  expect((await settled()).at(-1)).toMatch(/\n结果开头：(?:一二三四五){40}…\n发送 \/retry 1/);
});

test("查看 of what is too long for one message comes in pieces, once", async () => {
  const family = "👨‍👩‍👧‍👦";
  const jobId = await submit(family);
  await at.agentSays(jobId, { t: "delta", text: family.repeat(300) }, { t: "cancelled" });
  await at.until(async () => (await at.taskOf(member)).status === "cancelled");
  const before = (await settled()).length;
  const createTime = Math.floor(Date.now() / 1_000);
  for (const later of [0, 0, 1]) await at.press(member, "view", member, { createTime: createTime + later });
  const pieces = (await settled()).slice(before);
  expect(pieces.length).toBe(3);
  expect(pieces[0]).toContain("\n已经生成的开头：");
  expect(pieces[2]).toContain("发送 /retry 1 重试。");
  // One of them is the title's.
  expect(pieces.join("").split(family).length - 1).toBe(1 + 200);
});

test("a state as text says what can be done next", async () => {
  await submit();
  const task = await at.taskOf(member);
  const presence = { id: "a1", online: true };
  expect(describeTask(task, presence)).toContain("发送 /cancel 1 取消。");
  expect(describeTask({ ...task, status: "failed" }, presence)).toContain("发送 /retry 1 重试。");
});
