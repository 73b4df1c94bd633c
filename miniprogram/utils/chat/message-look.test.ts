import { expect, test } from "bun:test";
import { answerNote, messageActions, questionNote, thoughtTitle } from "./message-look";
import type { ShownMessage } from "./shown-message";

const message = (change: Partial<ShownMessage>): ShownMessage => ({
  key: "t1q",
  role: "user",
  state: "sent",
  time: "",
  divided: false,
  reason: "",
  last: false,
  ...change,
});
const names = (change: Partial<ShownMessage>, hasText = true) =>
  messageActions(message(change), hasText).map(([action]) => action);

test("says truly where a message is", () => {
  const question = (change: Partial<ShownMessage>, removed = false) => questionNote(message(change), removed);
  expect(question({ state: "sending" })).toBe("发送中…");
  expect(question({ state: "waiting" })).toContain("等待网络");
  expect(question({ state: "refused", reason: "太长" })).toBe("太长");
  expect(question({})).toBe("");
  for (const state of ["sending", "waiting"] as const)
    expect(question({ state }, true)).toContain("重新登录后自动发送");
  expect(question({ state: "refused", reason: "太长" }, true)).toBe("太长");
  expect(answerNote(message({ state: "queued" }), false)).toBe("排队中…");
  expect(answerNote(message({ state: "queued" }), true)).toMatch(/^排队中，智能体离线/);
  expect(answerNote(message({ state: "delivered" }), false)).toMatch(/^已送达/);
  expect(answerNote(message({ state: "delivered" }), true)).toMatch(/^已送达，智能体离线/);
  expect(answerNote(message({ state: "thinking" }), true)).toBe("正在思考…");
  expect([thoughtTitle(0, true), thoughtTitle(0, false), thoughtTitle(12_000, false)]).toEqual([
    "正在思考",
    "思考过程",
    "思考过程 · 12 秒",
  ]);
});

test("offers what can be done with it", () => {
  expect(names({})).toEqual(["copy", "edit"]);
  expect(names({ state: "refused" })).toEqual(["copy", "retry", "takeBack"]);
  expect(names({ state: "waiting" })).toEqual(["copy", "takeBack"]);
  expect(names({ role: "assistant", state: "done", last: true })).toEqual(["copy", "regenerate"]);
  expect(names({ role: "assistant", state: "streaming" }, false)).toEqual([]);
});
