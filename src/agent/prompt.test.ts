import { expect, test } from "bun:test";
import { buildPrompt, CUT_NOTES, estimateTokens } from "./prompt.ts";

interface Said {
  role: "user" | "assistant";
  text: string;
}
/** Turns, newest first, as the store gives them. */
const turns = (count: number, length: number): Said[] =>
  Array.from({ length: count }, (_, i) => [
    { role: "assistant", text: `答${count - i}`.padEnd(length, "字") } as const,
    { role: "user", text: `问${count - i}`.padEnd(length, "字") } as const,
  ]).flat();
const ask = (earlier: Iterable<Said>, contextTokens: number | undefined = 4_096, question = "新问题") =>
  buildPrompt({ kind: "turn", question, earlier, contextTokens });

test("is the system's word, the conversation in order, and the question", () => {
  const [system, ...rest] = ask(turns(2, 3));
  expect(system?.role).toBe("system");
  expect(rest).toEqual([
    { role: "user", content: "问1字" },
    { role: "assistant", content: "答1字" },
    { role: "user", content: "问2字" },
    { role: "assistant", content: "答2字" },
    { role: "user", content: "新问题" },
  ]);
});

test("of a long conversation the newest whole turns that fit, with room for an answer", () => {
  for (const contextTokens of [600, 1_000, 4_096, undefined]) {
    const messages = ask(turns(100, 100), contextTokens);
    const [, ...history] = messages.slice(0, -1);
    expect(history.length % 2).toBe(0);
    history.forEach(({ role }, i) => expect(role).toBe(i % 2 === 0 ? "user" : "assistant"));
    expect(history.at(-1)?.content).toStartWith("答100");
    const tokens = messages.reduce((sum, { content }) => sum + estimateTokens(content), 0);
    expect(tokens).toBeLessThan((contextTokens ?? 4_096) * 0.7);
  }
});

test("a turn that does not fit is left out with all before it", () => {
  const earlier: Said[] = [...turns(1, 10), { role: "assistant", text: "字".repeat(5_000) }, ...turns(1, 10)];
  expect(ask(earlier)).toHaveLength(4);
  expect(
    ask([
      { role: "assistant", text: "短" },
      { role: "user", text: "字".repeat(5_000) },
    ]),
  ).toHaveLength(2);
});

test("the question goes even when it is too long: that is for the model server to say", () => {
  const question = "字".repeat(10_000);
  expect(ask(turns(3, 10), 4_096, question).slice(1)).toEqual([{ role: "user", content: question }]);
});

test("our note on an answer that was cut off does not go back to the model", () => {
  const messages = ask([
    { role: "assistant", text: `前半${CUT_NOTES.turn}` },
    { role: "user", text: "问" },
  ]);
  expect(JSON.stringify(messages)).not.toContain("截断");
  expect(messages[2]).toEqual({ role: "assistant", content: "前半" });
});

test("no more of the conversation is read than is used", () => {
  let read = 0;
  function* endless(): Generator<Said> {
    for (;;) {
      read++;
      yield* turns(1, 100);
    }
  }
  ask(endless());
  expect(read).toBeLessThan(50);
});

test("a task is told to be done completely, for nobody is there to be asked", () => {
  const [system, ...rest] = buildPrompt({
    kind: "task",
    question: "写一份周报",
    earlier: [],
    contextTokens: undefined,
  });
  expect(system?.content).toMatch(/任务.*完整/s);
  expect(system?.content).not.toBe(ask([])[0]?.content);
  expect(rest).toEqual([{ role: "user", content: "写一份周报" }]);
});
