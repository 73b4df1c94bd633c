import { expect, test } from "bun:test";
import { pieces } from "./pieces";

const TEXT = "一行字。\n第二行要长一些，没有句号的地方也会被切开\nA line of English words, too";

test("none is longer than it may be, and together they are the text", () => {
  for (let limit = 2; limit <= TEXT.length; limit++) {
    const all = pieces(TEXT, limit);
    expect(all.join("")).toBe(TEXT);
    for (const piece of all) expect(piece.length).toBeLessThanOrEqual(limit);
  }
});

test("a cut is after a line, else after a sentence or a word", () => {
  expect(pieces("甲乙丙\n丁戊己庚", 6)).toEqual(["甲乙丙\n", "丁戊己庚"]);
  expect(pieces("甲乙丙。丁戊己庚", 6)).toEqual(["甲乙丙。", "丁戊己庚"]);
  expect(pieces("one two three", 9)).toEqual(["one two ", "three"]);
});

test("those before the last stay as they are while the text grows", () => {
  for (let length = 1; length < TEXT.length; length++) {
    const before = pieces(TEXT.slice(0, length), 8).slice(0, -1);
    expect(pieces(TEXT.slice(0, length + 1), 8).slice(0, before.length)).toEqual(before);
  }
});

test("what is seen as one character stays whole", () => {
  for (const one of ["😀", "👍🏽", "👩‍💻", "e\u0301", "❤\ufe0f", "🇨🇳", "1\ufe0f\u20e3"]) {
    const text = one.repeat(12);
    for (const piece of pieces(text, 13)) expect(piece.replaceAll(one, "")).toBe("");
  }
});
