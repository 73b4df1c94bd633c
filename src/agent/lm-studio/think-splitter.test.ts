import { expect, test } from "bun:test";
import { thinkSplitter } from "./think-splitter.ts";

function split(pieces: readonly string[]): { delta: string; reasoning: string } {
  const splitter = thinkSplitter();
  const out = { delta: "", reasoning: "" };
  for (const { t, text } of [...pieces.flatMap(splitter.push), ...splitter.end()]) out[t] += text;
  return out;
}

const CASES: [whole: string, delta: string, reasoning: string][] = [
  ["plain answer", "plain answer", ""],
  ["<think>why</think>\n\nanswer", "answer", "why"],
  ["\n <think>\nwhy\n</think>answer", "answer", "\nwhy\n"],
  ["<think></think>answer", "answer", ""],
  ["<think>never closed </thi", "", "never closed </thi"],
  ["a < b and <think>this</think> stays", "a < b and <think>this</think> stays", ""],
  ["<thinker>x", "<thinker>x", ""],
  ["<thin", "<thin", ""],
  ["  indented", "  indented", ""],
  ["<think>a<b</</think></think>c", "</think>c", "a<b</"],
];

for (const [whole, delta, reasoning] of CASES) {
  test(`splits ${JSON.stringify(whole)} wherever it is cut`, () => {
    expect(split([whole])).toEqual({ delta, reasoning });
    expect(split(Array.from(whole))).toEqual({ delta, reasoning });
    for (let cut = 1; cut < whole.length; cut++) {
      expect(split([whole.slice(0, cut), whole.slice(cut)])).toEqual({ delta, reasoning });
    }
  });
}

test("holds back no more than what may be a tag", () => {
  const splitter = thinkSplitter();
  expect(splitter.push("<think>first")).toEqual([{ t: "reasoning", text: "first" }]);
  expect(splitter.push(" second</")).toEqual([{ t: "reasoning", text: " second" }]);
  expect(splitter.push("b>")).toEqual([{ t: "reasoning", text: "</b>" }]);
  expect(splitter.push("</think>done")).toEqual([{ t: "delta", text: "done" }]);
  expect(splitter.push(" <")).toEqual([{ t: "delta", text: " <" }]);
});
