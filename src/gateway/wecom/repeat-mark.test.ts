import { expect, test } from "bun:test";
import { PIECE_MAX_BYTES } from "./split.ts";
import { CONTENT_MAX_BYTES } from "./api.ts";
import { markRepeat } from "./repeat-mark.ts";

test("every repeat differs from all others, and looks the same", () => {
  const marked = Array.from({ length: 4_000 }, (_, n) => markRepeat("好的", n));
  expect(marked[0]).toBe("好的");
  expect(new Set(marked).size).toBe(4_000);
  for (const text of marked) expect(text.replace(/[\u200B\u200C]+$/, "")).toBe("好的");
});

test("a full piece still fits after 65,535 repeats", () => {
  const piece = "a".repeat(PIECE_MAX_BYTES);
  expect(Buffer.byteLength(markRepeat(piece, 65_535))).toBe(CONTENT_MAX_BYTES);
});
