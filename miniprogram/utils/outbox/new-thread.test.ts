import { expect, test } from "bun:test";
import { newThreadId, threadToOpen } from "./new-thread";

test("a new conversation is one of its own, unless one still waits to be sent", () => {
  const waiting = { key: "k", thread: "new-1", text: "问", at: 0, state: "waiting" as const };
  expect(newThreadId()).not.toBe(newThreadId());
  expect(threadToOpen([waiting], "")).toBe("new-1");
  expect(threadToOpen([waiting], "另一个问题")).not.toBe("new-1");
  // Conversations of an agent may have such a name, too.
  for (const thread of ["a1.x", "new-york.x"])
    expect(threadToOpen([{ ...waiting, thread }], "")).toMatch(/^new-[^.]+$/);
});
