import { expect, test } from "bun:test";
import type { Storage } from "../storage";
import { openTaskDraft } from "./task-draft";

function openPhone() {
  const kept = new Map<string, unknown>();
  const storage: Storage = { read: (key) => kept.get(key), write: (key, value) => kept.set(key, value) };
  let keys = 0;
  return { kept, open: () => openTaskDraft(storage, () => `k${++keys}`) };
}

test("pressed twice, or after a lost answer and a restart, it is the same task", () => {
  const { open } = openPhone();
  const draft = open();
  draft.write({ title: " 周报 ", prompt: "写周报" });
  const first = draft.toSend();
  expect(first).toEqual({ title: "周报", prompt: "写周报", idempotencyKey: "k1" });
  expect(draft.toSend()).toEqual(first);
  const again = open();
  expect(again.text).toEqual({ title: " 周报 ", prompt: "写周报" });
  expect(again.toSend()).toEqual(first);
});

test("another text is another task, and so is the same one after success", () => {
  const draft = openPhone().open();
  draft.write({ title: "", prompt: "一" });
  expect(draft.toSend()).toEqual({ prompt: "一", idempotencyKey: "k1" });
  draft.write({ title: "", prompt: "二" });
  expect(draft.toSend().idempotencyKey).toBe("k2");
  draft.forget();
  expect(draft.text).toEqual({ title: "", prompt: "" });
  draft.write({ title: "", prompt: "二" });
  expect(draft.toSend().idempotencyKey).toBe("k3");
});

test("what somebody else left in the storage is no draft", () => {
  for (const value of ["", 7, null, { title: 1, prompt: "x" }, { title: "t" }]) {
    const { kept, open } = openPhone();
    kept.set("task-draft", value);
    expect(open().text).toEqual({ title: "", prompt: "" });
  }
  const { kept, open } = openPhone();
  kept.set("task-draft", { title: "t", prompt: "p", sent: { title: "t", prompt: "p", key: 7 } });
  expect(open().toSend().idempotencyKey).toBe("k1");
});
