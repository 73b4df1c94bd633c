import type { ModelEvent } from "../src/agent/lm-studio/model-server.ts";

export interface Heard {
  text: string;
  reasoning: string;
  /** The end event, if it came. */
  end: Extract<ModelEvent, { t: "end" }> | undefined;
  /** What the iterator threw, if it threw. */
  error: unknown;
}

/** Hears an answer out, for tests: all that came, and how it ended. `onText` is called after each piece of text. */
export async function hear(
  answer: AsyncIterable<ModelEvent>,
  onText: (heard: Heard) => void = () => {},
): Promise<Heard> {
  const heard: Heard = { text: "", reasoning: "", end: undefined, error: undefined };
  try {
    for await (const event of answer) {
      if (heard.end) throw new Error("an event came after the end");
      if (event.t === "end") heard.end = event;
      else if (event.t === "reasoning") heard.reasoning += event.text;
      else {
        heard.text += event.text;
        onText(heard);
      }
    }
  } catch (error) {
    heard.error = error;
  }
  return heard;
}

/** Waits until something is so. */
export async function until(condition: () => boolean, deadlineMs = 3_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not so after ${deadlineMs} ms: ${condition.toString()}`);
    await Bun.sleep(2);
  }
}
