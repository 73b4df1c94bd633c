import { describe, expect, test } from "bun:test";
import { PIECE_MAX_BYTES, splitUtf8 } from "./split.ts";

const bytes = (text: string) => Buffer.byteLength(text);

/** Pieces are sendable: short enough, well-formed, and no code block is left open. */
function expectSendable(pieces: string[], maxBytes: number): void {
  for (const piece of pieces) {
    expect(bytes(piece)).toBeLessThanOrEqual(maxBytes);
    expect(piece.isWellFormed()).toBe(true);
    expect(piece.trim()).not.toBe("");
  }
}

/** mulberry32: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("splitUtf8", () => {
  test("a text that fits stays one piece, an empty one gives none", () => {
    expect(splitUtf8("你好")).toEqual(["你好"]);
    expect(splitUtf8("汉".repeat(666))).toHaveLength(1);
    expect(splitUtf8("汉".repeat(667))).toHaveLength(2);
    expect(splitUtf8("")).toEqual([]);
    expect(splitUtf8(" \n\n ")).toEqual([]);
  });

  test("counts bytes, not characters, and leaves room in WeCom's 2048", () => {
    const pieces = splitUtf8("汉".repeat(5_000));
    expectSendable(pieces, PIECE_MAX_BYTES);
    expect(PIECE_MAX_BYTES).toBeLessThan(2_048);
    expect(pieces.join("")).toBe("汉".repeat(5_000));
    expect(pieces).toHaveLength(Math.ceil(15_000 / 1_998));
  });

  test("prefers paragraphs, then lines, then sentences, then words", () => {
    const a = "甲".repeat(30);
    const b = "乙".repeat(30);
    expect(splitUtf8(`${a}\n\n${b}`, 128)).toEqual([a, b]);
    expect(splitUtf8(`${a}\n${b}`, 128)).toEqual([a, b]);
    expect(splitUtf8(`${a}。${b}。`, 128)).toEqual([`${a}。`, `${b}。`]);
    expect(splitUtf8(`${"word ".repeat(20)}end. ${"next ".repeat(20)}`, 128)[0]).toEndWith("end.");
    expect(splitUtf8("3.14159 ".repeat(40), 128)[0]).toEndWith("3.14159");
    const paragraphs = `${"一".repeat(20)}\n\n${"二\n".repeat(5)}\n${"三".repeat(20)}`;
    expect(splitUtf8(paragraphs, 128)[0]).toEndWith("二");
  });

  test("a paragraph boundary near the start does not make a tiny piece", () => {
    const pieces = splitUtf8(`好。\n\n${"汉".repeat(200)}`, 300);
    expect(bytes(pieces[0] ?? "")).toBeGreaterThan(150);
  });

  test("keeps emoji sequences, flags and combining marks whole", () => {
    for (const cluster of ["👨‍👩‍👧‍👦", "🇨🇳", "e\u0301\u0323", "👍🏽", "𠮷"]) {
      for (let offset = 0; offset < 30; offset++) {
        const pieces = splitUtf8("x".repeat(offset) + cluster.repeat(60), 128);
        expectSendable(pieces, 128);
        for (const piece of pieces) expect(piece.replaceAll(cluster, "")).toMatch(/^x*$/);
      }
    }
  });

  test("one character longer than a piece is cut between code points", () => {
    const zalgo = `a${"\u0301".repeat(500)}`;
    const pieces = splitUtf8(zalgo, 128);
    expectSendable(pieces, 128);
    expect(pieces.join("")).toBe(zalgo);
  });

  test("a lone surrogate becomes a replacement character", () => {
    expect(splitUtf8("a\ud800b")).toEqual(["a\ufffdb"]);
  });

  test("a code block that is cut is closed, and opened again with its language", () => {
    const code = Array.from({ length: 60 }, (_, i) => `    line(${i});`);
    const pieces = splitUtf8(`看：\n\n\`\`\`ts\n${code.join("\n")}\n\`\`\`\n\n完。`, 160);
    expectSendable(pieces, 160);
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces.slice(1, -1)) expect(piece).toMatch(/^```ts\n {4}line[\s\S]*\n```$/);
    const kept = pieces.flatMap((piece) => piece.split("\n")).filter((line) => line.startsWith("    "));
    expect(kept).toEqual(code);
    expect(pieces.at(-1)).toEndWith("完。");
  });

  test("a longer fence may hold a shorter one", () => {
    const inner = "```\ninner\n```\n".repeat(20);
    const pieces = splitUtf8(`~~~~md\n${inner}~~~~\nend`, 160);
    expectSendable(pieces, 160);
    for (const piece of pieces.slice(0, -1)) {
      expect(piece).toStartWith("~~~~md\n");
      expect(piece).toEndWith("\n~~~~");
    }
  });

  test("a block's opening line is not left alone at the end of a piece", () => {
    for (let length = 60; length < 130; length++) {
      const pieces = splitUtf8(
        `${"a".repeat(length)}\n\`\`\`ts\nconst x = 1;\n${"y\n".repeat(60)}\`\`\``,
        128,
      );
      expectSendable(pieces, 128);
      for (const piece of pieces) expect(piece).not.toMatch(/```ts\n*(```)?$/);
    }
  });

  test("random texts: sendable pieces, and nothing lost but whitespace", () => {
    const alphabet = [
      "汉",
      "a",
      "é",
      "。",
      ". ",
      "\n",
      "\n\n",
      " ",
      "👩‍🚀",
      "🇨🇳",
      "𠮷",
      "word",
      "\u0301",
      "，",
      "\r\n",
    ];
    const random = seeded(20_260_731);
    const pick = (items: readonly string[]) => items[Math.floor(random() * items.length)] ?? "";
    for (let round = 0; round < 400; round++) {
      const maxBytes = 128 + Math.floor(random() * 500);
      const few = alphabet.filter(() => random() < 0.5);
      let text = "";
      for (let n = Math.floor(random() * 800); n > 0; n--) text += pick(few.length > 0 ? few : alphabet);
      const pieces = splitUtf8(text, maxBytes);
      expectSendable(pieces, maxBytes);
      expect(pieces.join("").replace(/\s/g, "")).toBe(text.replace(/\s/g, ""));
    }
  });

  test("random texts with code blocks: every piece closes what it opens, and every other line survives", () => {
    const random = seeded(42);
    const below = (n: number) => Math.floor(random() * n);
    for (let round = 0; round < 400; round++) {
      const maxBytes = 128 + below(400);
      const blocks = Array.from({ length: 1 + below(6) }, () => {
        const body = Array.from({ length: below(15) }, () => "汉字 x".repeat(below(12))).join("\n");
        const marker = "`".repeat(3 + below(3));
        return random() < 0.5 ? body : `${marker}${random() < 0.5 ? "python" : ""}\n${body}\n${marker}`;
      });
      const text = blocks.join(random() < 0.5 ? "\n" : "\n\n");
      const pieces = splitUtf8(text, maxBytes);
      expectSendable(pieces, maxBytes);
      for (const piece of pieces) expect(leavesOpen(piece)).toBe(false);
      expect(withoutFences(pieces.join("\n"))).toBe(withoutFences(text));
    }
  });

  test("a huge text takes no noticeable time", () => {
    const started = performance.now();
    expectSendable(splitUtf8("没有标点".repeat(500_000)), PIECE_MAX_BYTES);
    expectSendable(splitUtf8(`\`\`\`\n${"x\n".repeat(500_000)}\`\`\``), PIECE_MAX_BYTES);
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

const FENCE_LINE = /^(`{3,})(\w*)$/;

function leavesOpen(piece: string): boolean {
  let open = "";
  for (const line of piece.split("\n")) {
    const [, marker = "", info = ""] = FENCE_LINE.exec(line) ?? [];
    if (marker === "") continue;
    if (open === "") open = marker;
    else if (info === "" && marker.length >= open.length) open = "";
  }
  return open !== "";
}

function withoutFences(text: string): string {
  const lines = text.split("\n").filter((line) => !FENCE_LINE.test(line));
  return lines.join("").replace(/\s/g, "");
}
