import { describe, expect, test } from "bun:test";
import { openThread } from "./thread";
import { CONVERSATION, playWorld, seen, turnOf } from "./thread-for-tests";

function open(id = CONVERSATION) {
  const world = playWorld();
  const thread = openThread(id, world.ports);
  return { world, thread, seen: () => seen(thread.state.value, thread.textOf) };
}

async function openWith(...turns: ReturnType<typeof turnOf>[]) {
  const opened = open();
  await opened.world.answer({ messages: turns.flat() });
  return opened;
}

describe("a message", () => {
  test("of a new conversation: on its way, taken, thought about, streamed, done", () => {
    const { world, thread, seen } = open("new-1");
    expect(world.asked).toHaveLength(0);
    thread.send("你好");
    expect(seen()).toEqual(["问 sending: 你好"]);
    const key = thread.state.value.messages[0]?.key;
    world.take("a1.j1");
    expect(thread.state.value).toMatchObject({ conversationId: CONVERSATION, answering: true });
    expect(seen()).toEqual(["问 sent: 你好", "答 queued: "]);
    expect(thread.state.value.messages[0]?.key).toBe(key ?? "");
    world.tellJob("a1.j1", "delivered");
    expect(seen()).toEqual(["问 sent: 你好", "答 delivered: "]);
    world.say("a1.j1", { t: "started" });
    world.wait(100);
    expect(seen()[1]).toBe("答 thinking: ");
    world.say("a1.j1", { t: "delta", text: "你" }, { t: "delta", text: "也好" });
    world.wait(100);
    expect(seen()[1]).toBe("答 streaming: 你也好");
    world.say("a1.j1", { t: "reset" }, { t: "delta", text: "重来" });
    world.say("a1.j1", { t: "done", text: "重来了。" });
    expect(seen()).toEqual(["问 sent: 你好", "答 done: 重来了。"]);
    expect(thread.state.value.answering).toBe(false);
    expect(world.followed.size).toBe(0);
  });

  test("that is delivered before the gateway's answer says so, and nothing of other conversations", () => {
    const { world, thread, seen } = open("new-1");
    thread.send("你好");
    for (const status of ["queued", "delivered"] as const) {
      world.tellJob("a1.j1", status);
      world.tellJob("a1.j9", status, "别处问的", "a1.c9");
    }
    expect(seen()).toEqual(["问 sending: 你好"]);
    world.take("a1.j1");
    expect(seen()).toEqual(["问 sent: 你好", "答 delivered: "]);
    expect([...world.followed.keys()]).toEqual(["a1.j1"]);
  });

  test("whose answer has begun is not merely delivered, whatever comes late", async () => {
    const { world, thread, seen } = await openWith();
    thread.send("问");
    world.take("a1.j1");
    world.say("a1.j1", { t: "started" });
    world.tellJob("a1.j1", "delivered");
    expect(seen()[1]).toBe("答 thinking: ");
    world.say("a1.j1", { t: "done", text: "答" });
    world.tellJob("a1.j1", "delivered");
    expect(seen()[1]).toBe("答 done: 答");
  });

  test("waits for the network, is refused, is tried again and taken back", () => {
    const { world, thread, seen } = open("new-1");
    thread.send("一");
    const [message] = world.messages.value;
    if (!message) throw new Error("nothing was sent");
    world.put({ ...message, state: "waiting" });
    expect(seen()).toEqual(["问 waiting: 一"]);
    world.put({ ...message, state: "failed", reason: "太长" });
    const shown = thread.state.value.messages[0];
    expect(shown).toMatchObject({ state: "refused", reason: "太长" });
    thread.retry(shown?.key ?? "");
    expect(seen()).toEqual(["问 sending: 一"]);
    expect(thread.takeBack(shown?.key ?? "")).toBe("一");
    expect(seen()).toEqual([]);
  });

  test("is stopped by its job, and what was said stays", async () => {
    const { world, thread, seen } = await openWith();
    thread.send("长文");
    world.take("a1.j1");
    world.say("a1.j1", { t: "started" }, { t: "delta", text: "开头" });
    await thread.stop();
    expect(world.cancelled).toEqual(["a1.j1"]);
    expect(thread.state.value.stopping).toBe(true);
    world.say("a1.j1", { t: "cancelled" });
    expect(seen()).toEqual(["问 sent: 长文", "答 cancelled: 开头"]);
    expect(thread.state.value).toMatchObject({ answering: false, stopping: false });
  });

  test("of a failed answer says why", async () => {
    const { world, thread } = await openWith();
    thread.send("问");
    world.take("a1.j1");
    world.say("a1.j1", { t: "failed", code: "model-error", message: "模型出错了" });
    expect(thread.state.value.messages[1]).toMatchObject({
      state: "failed",
      reason: "模型出错了",
      last: true,
    });
  });

  test("of which the gateway knows nothing more has failed, with what was said of it", async () => {
    const { world, thread, seen } = await openWith();
    thread.send("问");
    world.take("a1.j1");
    world.say("a1.j1", { t: "started" }, { t: "delta", text: "甲" });
    world.followed.get("a1.j1")?.lost();
    expect(seen()[1]).toBe("答 failed: 甲");
    expect(thread.state.value.messages[1]?.reason).toContain("查不到");
  });
});

describe("the model's thoughts", () => {
  test("are apart from the answer, with the time that they took", async () => {
    const { world, thread } = await openWith();
    thread.send("问");
    world.take("a1.j1");
    world.say("a1.j1", { t: "started" }, { t: "reasoning", text: "想" });
    world.wait(3000);
    world.say("a1.j1", { t: "reasoning", text: "想" }, { t: "delta", text: "答" });
    world.wait(100);
    const { key = "" } = thread.state.value.messages[1] ?? {};
    expect(thread.textOf(key)).toEqual({ text: "答", reasoning: "想想", thoughtMs: 3000, open: true });
  });
});

describe("history", () => {
  test("is loaded upwards, each turn once, and a pending answer is followed from its beginning", async () => {
    const { world, thread, seen } = open();
    expect(thread.state.value).toMatchObject({ history: "loading" });
    const [, ...half] = turnOf("a1.j2");
    await world.answer({
      messages: [...half, ...turnOf("a1.j3", { status: "pending", text: "" })],
      before: "9",
    });
    expect(seen()).toEqual(["答 done: 答a1.j2", "问 sent: 问a1.j3", "答 delivered: "]);
    expect([...world.followed.keys()]).toEqual(["a1.j3"]);
    expect(thread.state.value.older).toBe("more");
    thread.loadOlder();
    thread.loadOlder();
    expect(world.asked.map(({ before }) => before)).toEqual(["9"]);
    await world.answer({ messages: [...turnOf("a1.j1"), ...turnOf("a1.j2").slice(0, 1)] });
    expect(seen().slice(0, 4)).toEqual([
      "问 sent: 问a1.j1",
      "答 done: 答a1.j1",
      "问 sent: 问a1.j2",
      "答 done: 答a1.j2",
    ]);
    expect(thread.state.value.older).toBe("none");
  });

  test("after a reconnect is put together with what is here, without a duplicate", async () => {
    const { world, thread, seen } = await openWith(turnOf("a1.j1"));
    thread.send("问a1.j2");
    world.take("a1.j2");
    world.connection.set("offline");
    world.connection.set("online");
    await world.answer({ messages: [...turnOf("a1.j1"), ...turnOf("a1.j2"), ...turnOf("a1.j3")] });
    expect(seen()).toEqual(
      ["j1", "j2", "j3"].flatMap((job) => [`问 sent: 问a1.${job}`, `答 done: 答a1.${job}`]),
    );
    expect(world.followed.size).toBe(0);
  });

  test("begins anew when too much has happened in between", async () => {
    const { world, thread, seen } = await openWith(turnOf("a1.j1"));
    thread.refresh();
    await world.answer({ messages: turnOf("a1.j50"), before: "99" });
    expect(seen()).toEqual(["问 sent: 问a1.j50", "答 done: 答a1.j50"]);
    expect(thread.state.value.older).toBe("more");
  });

  test("keeps what was loaded upwards when the newest page comes again", async () => {
    const { world, thread, seen } = open();
    await world.answer({ messages: turnOf("a1.j2"), before: "9" });
    thread.loadOlder();
    await world.answer({ messages: turnOf("a1.j1") });
    thread.refresh();
    await world.answer({ messages: turnOf("a1.j2"), before: "9" });
    expect(seen()).toHaveLength(4);
    expect(thread.state.value.older).toBe("none");
  });

  test("waits while our own message is on its way: it may be in it already", async () => {
    const { world, thread, seen } = open();
    thread.send("问a1.j1");
    await world.answer({ messages: turnOf("a1.j1") });
    expect(seen()).toEqual(["问 sending: 问a1.j1"]);
    world.take("a1.j1");
    expect(seen()).toEqual(["问 sent: 问a1.j1", "答 done: 答a1.j1"]);
  });

  test("says that the network is away, and comes with it", async () => {
    const { world, thread } = open();
    world.connection.set("offline");
    expect(thread.state.value).toMatchObject({ history: "failed", reason: "网络已断开，连上后自动加载" });
    await world.refuse("x");
    world.connection.set("online");
    await world.answer({ messages: turnOf("a1.j1") });
    expect(thread.state.value.history).toBe("ready");
  });

  test("is not reachable without its agent, and comes when the agent is back", async () => {
    const { world, thread } = open();
    await world.refuse("agent-offline");
    expect(thread.state.value.history).toBe("unreachable");
    world.feed.tell({ t: "agent", agent: { id: "a1", online: true } });
    await world.answer({ messages: turnOf("a1.j1") });
    expect(thread.state.value.history).toBe("ready");
  });
});

describe("another device", () => {
  test("sends into the same conversation: its question and answer appear here once", async () => {
    const { world, seen } = await openWith(turnOf("a1.j1"));
    world.tellJob("a1.j2", "queued", "问a1");
    expect(seen().slice(2)).toEqual(["问 sent: 问a1", "答 queued: "]);
    world.tellJob("a1.j2", "delivered", "问a1");
    await world.answer({
      messages: [...turnOf("a1.j1"), ...turnOf("a1.j2", { status: "pending", text: "" })],
    });
    world.say("a1.j2", { t: "started" }, { t: "delta", text: "你好" }, { t: "done", text: "你好" });
    world.tellJob("a1.j2", "done", "问a1");
    expect(seen().slice(2)).toEqual(["问 sent: 问a1.j2", "答 done: 你好"]);
  });

  test("is not taken for one while our own message is on its way", () => {
    const { world, thread, seen } = open();
    thread.send("问");
    world.tellJob("a1.j1", "queued", "问");
    expect(seen()).toEqual(["问 sending: 问"]);
    world.take("a1.j1");
    expect(seen()).toEqual(["问 sent: 问", "答 queued: "]);
  });

  test("has the last turn answered anew: the old one goes here, too", async () => {
    const { world, seen } = await openWith(turnOf("a1.j1"));
    world.tellJob("a1.j2", "running");
    await world.answer({ messages: turnOf("a1.j2", { status: "pending", text: "" }) });
    expect(seen()).toEqual(["问 sent: 问a1.j2", "答 delivered: "]);
  });

  test("deletes the conversation", async () => {
    const { world, thread } = await openWith(turnOf("a1.j1"));
    world.feed.tell({ t: "conversation-deleted", id: CONVERSATION });
    expect(thread.state.value.history).toBe("gone");
  });
});

describe("asking anew", () => {
  test("takes the place of the last turn at once, and gives it back when it is refused", async () => {
    const { world, thread, seen } = await openWith(turnOf("a1.j1"), turnOf("a1.j2"));
    thread.regenerate();
    expect(world.messages.value).toMatchObject([
      { thread: CONVERSATION, text: "问a1.j2", replaces: "a1.j2" },
    ]);
    expect(seen().slice(2)).toEqual(["问 sending: 问a1.j2"]);
    const [message] = world.messages.value;
    if (message) world.put({ ...message, state: "failed", reason: "不行" });
    expect(seen().slice(2)).toEqual(["问 sent: 问a1.j2", "答 done: 答a1.j2", "问 refused: 问a1.j2"]);
    thread.takeBack(thread.state.value.messages.at(-1)?.key ?? "");
    thread.regenerate();
    world.take("a1.j3");
    world.say("a1.j3", { t: "done", text: "新答" });
    expect(seen().slice(2)).toEqual(["问 sent: 问a1.j2", "答 done: 新答"]);
  });

  test("also of a question that never reached the agent", async () => {
    const { world, thread, seen } = await openWith(turnOf("a1.j1"));
    thread.send("问");
    world.take("a1.j2");
    world.say("a1.j2", { t: "failed", code: "expired", message: "等太久了" });
    thread.regenerate();
    world.take("a1.j3");
    thread.refresh();
    await world.answer({ messages: [...turnOf("a1.j1"), ...turnOf("a1.j3")] });
    expect(seen()).toEqual(["问 sent: 问a1.j1", "答 done: 答a1.j1", "问 sent: 问a1.j3", "答 done: 答a1.j3"]);
  });
});

test("a listener of a text hears of its changes only, and no more after it has left", async () => {
  const { world, thread } = await openWith();
  thread.send("问");
  world.take("a1.j1");
  const heard: string[] = [];
  const leave = thread.watchText(thread.state.value.messages[1]?.key ?? "", ({ text }) => heard.push(text));
  world.say("a1.j1", { t: "delta", text: "甲" });
  world.say("a1.j1", { t: "delta", text: "乙" });
  world.wait(100);
  world.wait(100);
  leave();
  world.say("a1.j1", { t: "done", text: "甲乙" });
  expect(heard).toEqual(["", "甲乙"]);
});

test("a closed one leaves nothing behind", async () => {
  const { world, thread } = await openWith();
  thread.send("问");
  world.take("a1.j1");
  thread.close();
  expect(world.followed.size).toBe(0);
  const before = thread.state.value;
  world.tellJob("a1.j9", "running");
  expect(thread.state.value).toBe(before);
});
