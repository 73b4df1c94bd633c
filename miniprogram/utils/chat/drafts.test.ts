import { expect, test } from "bun:test";
import { openDrafts } from "./drafts";

function openMemory(kept: Record<string, unknown> = {}) {
  return {
    kept,
    read: (key: string) => kept[key],
    write: (key: string, value: unknown) => {
      kept[key] = value;
    },
  };
}

test("each conversation has its own, over a restart", () => {
  const storage = openMemory();
  const drafts = openDrafts(storage);
  drafts.keep("a1.x", "甲");
  drafts.keep("new", "乙");
  const later = openDrafts(openMemory(structuredClone(storage.kept)));
  expect([later.of("a1.x"), later.of("new"), later.of("a1.y")]).toEqual(["甲", "乙", ""]);
  later.keep("a1.x", "");
  expect(later.of("a1.x")).toBe("");
});

test("the oldest make room, the newest stays whatever its length", () => {
  const drafts = openDrafts(openMemory());
  for (let i = 0; i < 30; i++) drafts.keep(`a1.${i}`, "字".repeat(100));
  expect([drafts.of("a1.9"), drafts.of("a1.10").length]).toEqual(["", 100]);
  for (let i = 0; i < 8; i++) drafts.keep(`a1.long${i}`, "字".repeat(32_768));
  expect(drafts.of("a1.long1")).toBe("");
  expect(drafts.of("a1.long7")).toHaveLength(32_768);
});

test("what is kept and cannot be understood is as if it were not there", () => {
  const drafts = openDrafts(openMemory({ "chat-drafts": [["a", 1], "b", ["c", "丙"]] }));
  expect([drafts.of("a"), drafts.of("c")]).toEqual(["", "丙"]);
});
