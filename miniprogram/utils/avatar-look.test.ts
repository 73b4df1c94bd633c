import { expect, test } from "bun:test";
import { initialOf, toneOf } from "./avatar-look";

test("whoever has no picture has a letter, and always the same colour", () => {
  expect(["小王", " ada", "😀x", ""].map(initialOf)).toEqual(["小", "A", "😀", ""]);
  expect(toneOf("小王")).toBe(toneOf("小王"));
  expect(new Set(Array.from({ length: 26 }, (_, i) => toneOf(String.fromCodePoint(65 + i)))).size).toBe(3);
});
