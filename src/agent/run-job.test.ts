import { expect, test } from "bun:test";
import { getLogger } from "@logtape/logtape";
import { newJob } from "../../test/gateway-parts.ts";
import { until } from "../../test/until.ts";
import type { Job } from "../contract/job.ts";
import type { ReplyEvent } from "../contract/reply-event.ts";
import { ModelConnectionLost, ModelFailure, ModelServerUnavailable } from "./lm-studio/errors.ts";
import type { ChatMessage, ModelEvent, ModelServer } from "./lm-studio/model-server.ts";
import { CUT_NOTES } from "./prompt.ts";
import { runJob } from "./run-job.ts";

type Try = (signal: AbortSignal, onLoading?: (percent: number) => void) => AsyncIterable<ModelEvent>;
const END: ModelEvent = { t: "end", finish: "stop" } as ModelEvent;
const delta = (text: string): ModelEvent => ({ t: "delta", text });

/** One try at an answer: these events, then this error. */
const says = (events: readonly ModelEvent[], error?: Error): Try =>
  async function* () {
    yield* events;
    if (error) throw error;
  };
const away = says([], new ModelServerUnavailable("没有模型服务"));
const lost = says([delta("半")], new ModelConnectionLost());

function running(tries: readonly Try[], change: Partial<Job> & { admitted?: boolean } = {}) {
  const { admitted = true, ...rest } = change;
  const job = newJob(rest);
  const events: ReplyEvent[] = [];
  const asked: (readonly ChatMessage[])[] = [];
  const stop = new AbortController();
  const modelServer: ModelServer = {
    inspect: () => Promise.reject(new Error("not asked")),
    chat(messages, signal, onLoading) {
      asked.push(messages);
      return (tries[Math.min(asked.length, tries.length) - 1] ?? away)(signal, onLoading);
    },
  };
  const conversations = {
    admits: () => admitted,
    before: () => [{ role: "user" as const, text: "之前的问题" }],
  };
  const context = {
    modelServer,
    conversations,
    contextTokens: () => undefined,
    progressPace: { lookEveryMs: 5, tellEveryMs: 40 },
    log: getLogger(["claw", "test"]),
  };
  const done = runJob(job, context, (event) => events.push(event), stop.signal);
  return { job, events, asked, done, stop: () => stop.abort() };
}

test("an answer as it comes, then the whole of it with its cost", async () => {
  const usage = { promptTokens: 3, completionTokens: 2 };
  const end = { t: "end", finish: "stop", usage, model: "qwen" } as ModelEvent;
  const { events, done } = running([says([{ t: "reasoning", text: "想" }, delta("你"), delta("好"), end])]);
  await done;
  expect(events).toEqual([
    { t: "reasoning", text: "想" },
    { t: "delta", text: "你" },
    { t: "delta", text: "好" },
    { t: "done", text: "你好", usage: { ...usage, model: "qwen" } },
  ]);
});

test.concurrent("without a model server it says so once, waits, and answers when it is back", async () => {
  const { events, asked, done } = running([away, away, says([delta("好"), END])]);
  await done;
  expect(asked).toHaveLength(3);
  expect(events.map(({ t }) => t)).toEqual(["progress", "delta", "done"]);
});

test.concurrent("an answer that breaks off is begun again from nothing", async () => {
  const { events, done } = running([lost, says([delta("整"), END])]);
  await done;
  expect(events.map(({ t }) => t)).toEqual(["delta", "progress", "reset", "delta", "done"]);
  expect(events.at(-1)).toEqual({ t: "done", text: "整" });
});

test.concurrent("an answer that breaks off again and again fails in the end", async () => {
  const { events, asked, done } = running([lost]);
  await done;
  expect(asked).toHaveLength(6);
  expect(events.at(-1)).toMatchObject({ t: "failed", code: "model-error" });
  expect(events.filter(({ t }) => t === "reset")).toHaveLength(5);
});

test("what the model server says of a request is the user's to know; our own bug is not", async () => {
  for (const code of ["model-timeout", "model-error"] as const) {
    const { events, asked, done } = running([says([delta("半")], new ModelFailure(code, "请稍后再试"))]);
    await done;
    expect(asked).toHaveLength(1);
    expect(events).toEqual([
      { t: "delta", text: "半" },
      { t: "failed", code, message: "请稍后再试" },
    ]);
  }
  const { events, done } = running([says([], new TypeError("secret is undefined"))]);
  await done;
  expect(events).toMatchObject([{ t: "failed", code: "internal" }]);
  expect(JSON.stringify(events)).not.toContain("secret");
});

test("when there was too much for the model, the advice is for what it was: a task has no conversation to leave", async () => {
  for (const code of ["too-long", "empty-answer"] as const) {
    const toldOf = async (kind: Job["kind"]) => {
      const { events, done } = running([says([], new ModelFailure(code, "内容太长"))], { kind });
      await done;
      const end = events.at(-1);
      if (end?.t !== "failed") throw new Error(`ended with ${JSON.stringify(end)}`);
      expect(end.code).toBe(code);
      expect(end.message).toStartWith("内容太长；");
      return end.message;
    };
    expect(await toldOf("turn")).toMatch(/会话.*\/new/);
    const ofTask = await toldOf("task");
    expect(ofTask).toContain("拆成几个任务");
    expect(ofTask).not.toMatch(/会话|对话|\/new/);
  }
});

test("cancelled, it ends without a word, in mid-answer and while it waits", async () => {
  const hanging: Try = async function* (signal) {
    yield delta("半");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    signal.throwIfAborted();
  };
  for (const tries of [[hanging], [away]]) {
    const { events, done, stop } = running(tries);
    await until("it to have begun", () => events.length === 1);
    stop();
    await done;
    expect(events).toHaveLength(1);
  }
});

test("a conversation of somebody else, or none, is not answered", async () => {
  for (const kind of ["turn", "task"] as const) {
    const { events, asked, done } = running([says([END])], { admitted: false, kind });
    await done;
    expect(events).toMatchObject([{ t: "failed", code: "not-found" }]);
    expect(asked).toEqual([]);
  }
});

test("an answer that was cut off says so, in what streams and in the whole", async () => {
  const { events, done } = running([says([delta("前半"), { ...END, finish: "length" } as ModelEvent])]);
  await done;
  expect(events).toEqual([
    { t: "delta", text: "前半" },
    { t: "delta", text: CUT_NOTES.turn },
    { t: "done", text: `前半${CUT_NOTES.turn}` },
  ]);
});

/** The notes of a task's progress, without the time that has passed and the number of characters. */
const notes = (events: readonly ReplyEvent[]) =>
  events.flatMap((event) => (event.t === "progress" ? [event.note.replaceAll(/\d+ (?=[秒字])/g, "")] : []));
const distinct = (all: readonly string[]) => all.filter((note, i) => note !== all[i - 1]);

test("an attempt at a task knows nothing of earlier ones", async () => {
  const { asked, done } = running([says([delta("好"), END])], { kind: "task" });
  await done;
  expect(asked[0]?.map(({ role }) => role)).toEqual(["system", "user"]);
  expect(JSON.stringify(asked)).not.toContain("之前的问题");
});

test("a task says again and again where it is: loading, waiting, thinking, writing", async () => {
  let said: readonly ReplyEvent[] = [];
  const twice = (beginning: string) =>
    until(beginning, () => notes(said).filter((note) => note.startsWith(beginning)).length === 2);
  const { events, done } = running(
    [
      async function* (_signal, onLoading) {
        await twice("等待模型响应");
        onLoading?.(39.7);
        await twice("等待模型加载");
        yield { t: "reasoning", text: "想一想" };
        await twice("正在思考");
        yield delta("好的");
        await twice("正在生成");
        yield END;
      },
    ],
    { kind: "task" },
  );
  said = events;
  await done;
  expect(distinct(notes(events))).toEqual([
    "等待模型响应，已等 秒",
    "等待模型加载 40%，已等 秒",
    "正在思考，已用 秒，约 字",
    "正在生成，已用 秒，约 字",
  ]);
  const percents = events.flatMap((event) => (event.t === "progress" ? [event.percent] : []));
  expect(new Set(percents)).toEqual(new Set([undefined, 40]));
  expect(events.at(-1)?.t).toBe("done");
  const before = events.length;
  await Bun.sleep(60);
  expect(events).toHaveLength(before);
});

test.concurrent("a task's time counts from the model's first word, also after a break, and characters as people do", async () => {
  let said: readonly ReplyEvent[] = [];
  const note = (beginning: string) =>
    until(beginning, () => said.some((event) => event.t === "progress" && event.note.startsWith(beginning)));
  const { events, done } = running(
    [
      async function* () {
        await note("等待模型响应，已等 1 秒");
        yield { t: "reasoning", text: "想😀" };
        await note("正在思考，已用 1 秒，约 2 字");
        throw new ModelConnectionLost();
      },
      async function* () {
        yield delta("写𠮷");
        yield delta("好👍");
        await note("正在生成，已用 0 秒，约 4 字");
        yield END;
      },
    ],
    { kind: "task" },
  );
  said = events;
  await done;
  const all = events.flatMap((event) => (event.t === "progress" ? [event.note] : []));
  expect(all.find((one) => one.startsWith("正在思考"))).toBe("正在思考，已用 0 秒，约 2 字");
  expect(all.find((one) => one.startsWith("正在生成"))).toStartWith("正在生成，已用 0 秒");
  expect(events.at(-1)?.t).toBe("done");
});

test.concurrent("a task without a model server says so, and is silent once it is cancelled", async () => {
  const { events, done, stop } = running([away], { kind: "task" });
  await until("some words", () => notes(events).length > 3);
  expect(new Set(notes(events).slice(1))).toEqual(new Set(["模型服务暂时不可用，恢复后会自动继续，已等 秒"]));
  stop();
  await done;
  const before = events.length;
  await Bun.sleep(60);
  expect(events).toHaveLength(before);
});

test("a task whose answer broke off keeps what there is of it until it begins again", async () => {
  const { events, done, stop } = running([lost, away], { kind: "task" });
  await until("it to wait", () => notes(events).length > 1);
  stop();
  await done;
  expect(events.map(({ t }) => t)).not.toContain("reset");
});
