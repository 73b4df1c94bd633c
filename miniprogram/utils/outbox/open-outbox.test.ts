import { expect, test } from "bun:test";
import type { ChatMessage, SentMessage } from "../../../src/contract/user-api";
import { openCell } from "../cell";
import type { ConnectionState } from "../connection/connection-state";
import type { Storage } from "../storage";
import { openOutbox } from "./open-outbox";

type Parts = Parameters<typeof openOutbox>[0];

/** A gateway that answers when it is told to. */
function play(entries = new Map<string, unknown>(), state: ConnectionState = "online") {
  const asked: {
    message: ChatMessage;
    accept(sent?: Partial<SentMessage>): void;
    fail(error: unknown): void;
  }[] = [];
  const connection = openCell<ConnectionState>(state);
  const storage: Storage = {
    read: (key) => structuredClone(entries.get(key)),
    write: (key, value) => void entries.set(key, structuredClone(value)),
  };
  const mutate = (message: ChatMessage) =>
    new Promise<SentMessage>((resolve, reject) => {
      const jobId = `a1.j${asked.length}`;
      asked.push({
        message,
        accept: (sent) => resolve({ jobId, conversationId: message.conversationId ?? "a1.new", ...sent }),
        fail: reject,
      });
    });
  const api = { chat: { send: { mutate } } } as unknown as Parts["api"];
  return { outbox: openOutbox({ api, connection, storage }), asked, connection, entries };
}
const refusal = (message: string) => Object.assign(new Error(message), { data: { code: "BAD_REQUEST" } });
const settle = () => Bun.sleep(0);

test("messages of one thread go one after the other, those of others beside them", async () => {
  const { outbox, asked } = play();
  outbox.send({ thread: "a1.c", text: "一" });
  outbox.send({ thread: "a1.c", text: "二", replaces: "a1.j9" });
  outbox.send({ thread: "a1.d", text: "三" });
  expect(asked.map(({ message }) => message.text)).toEqual(["一", "三"]);
  asked[0]?.accept();
  await settle();
  expect(asked[2]?.message).toMatchObject({ conversationId: "a1.c", text: "二", replaces: "a1.j9" });
});

test("whoever shows a message hears of its turn before it leaves the outbox", async () => {
  const { outbox, asked } = play();
  const order: string[] = [];
  outbox.messages.watch((messages) => order.push(`${messages.length} left`));
  outbox.onAccepted(({ message, jobId }) => order.push(`${message.text} is ${jobId}`));
  outbox.send({ thread: "new-1", text: "一" });
  asked[0]?.accept({ jobId: "a1.j" });
  await settle();
  expect(order).toEqual(["0 left", "1 left", "一 is a1.j", "0 left"]);
  expect(outbox.conversationOf("new-1")).toBe("a1.new");
});

test("without an answer a message waits, and goes again under its key with the next connection", async () => {
  const { outbox, asked, connection } = play();
  const { key } = outbox.send({ thread: "a1.c", text: "一" });
  asked[0]?.fail(new Error("WebSocket closed"));
  await settle();
  expect(outbox.messages.value[0]?.state).toBe("waiting");
  connection.set("offline");
  connection.set("online");
  expect(asked.map(({ message }) => message.idempotencyKey)).toEqual([key, key]);
  expect(outbox.messages.value[0]?.state).toBe("sending");
  outbox.close();
});

test("a refused one keeps its text and its reason over a cold start, and can be tried again or taken back", async () => {
  const first = play();
  const { key } = first.outbox.send({ thread: "a1.c", text: "一" });
  expect(first.outbox.remove(key)).toBeUndefined();
  first.asked[0]?.fail(refusal("消息太长"));
  await settle();
  const { outbox, asked } = play(first.entries);
  expect(outbox.messages.value).toMatchObject([{ key, text: "一", state: "failed", reason: "消息太长" }]);
  expect(asked).toHaveLength(0);
  outbox.retry(key);
  expect(asked[0]?.message.idempotencyKey).toBe(key);
  asked[0]?.fail(refusal("消息太长"));
  await settle();
  expect(outbox.remove(key)).toBe("一");
  expect(play(first.entries).outbox.messages.value).toEqual([]);
});

test("what it cannot keep it does not take, and says so", () => {
  const { outbox } = play(undefined, "offline");
  for (let i = 0; i < 50; i++) expect(outbox.send({ thread: "a1.c", text: "字" }).state).toBe("waiting");
  expect(outbox.send({ thread: "a1.c", text: "字" })).toMatchObject({
    state: "failed",
    reason: expect.stringContaining("太多"),
  });
  const large = play(undefined, "offline");
  for (let i = 0; i < 6; i++) large.outbox.send({ thread: "a1.c", text: "字".repeat(32_768) });
  expect(large.outbox.send({ thread: "a1.c", text: "字".repeat(32_768) }).state).toBe("failed");
});

test("a storage with something else in it is as an empty one", () => {
  for (const kept of ["", 7, null, [], { messages: 1 }, { messages: [{}, null], threads: [1, ["a"]] }]) {
    const { outbox } = play(new Map([["outbox", kept]]));
    expect(outbox.messages.value).toEqual([]);
  }
});
