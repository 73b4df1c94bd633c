import { expect, test } from "bun:test";
import { newKey } from "./new-key";

test("keys differ, and say what they are of", () => {
  const keys = new Set(Array.from({ length: 200 }, () => newKey("task")));
  expect(keys.size).toBe(200);
  for (const key of keys) expect(key).toStartWith("task-");
});
