import type { Page } from "playwright-core";
import { until } from "../../system.ts";

export const CHAT = "/pages/chat/chat";

/** A message as it is read on the screen. */
export interface ReadMessage {
  readonly role: "question" | "answer";
  /** Without what stands around it: notes, labels, times. */
  readonly text: string;
}

// The tests have no DOM types, so what runs in the browser is text.
const READ_MESSAGES = `[...document.querySelectorAll(".mp-top message")].map((message) => {
  const answer = message.querySelector("markdown-view");
  if (answer) return { role: "answer", text: answer.textContent.trim() };
  return { role: "question", text: [...message.querySelectorAll("text")].map((part) => part.textContent).join("") };
})`;

export function readMessages(page: Page): Promise<ReadMessage[]> {
  return page.evaluate<ReadMessage[]>(READ_MESSAGES);
}

export const questionsOf = (page: Page): Promise<string[]> => textsOf(page, "question");
export const answersOf = (page: Page): Promise<string[]> => textsOf(page, "answer");

async function textsOf(page: Page, role: ReadMessage["role"]): Promise<string[]> {
  return (await readMessages(page)).filter((message) => message.role === role).map(({ text }) => text);
}

export function composer(page: Page) {
  return page.getByRole("textbox", { name: "输入问题" });
}

export async function ask(page: Page, text: string): Promise<void> {
  await composer(page).fill(text);
  await page.getByRole("button", { name: "发送" }).click();
}

/** The message component of the newest answer. */
export function newestAnswer(page: Page) {
  return page.locator("message", { has: page.locator("markdown-view") }).last();
}

/** Resolves once the newest answer is over, whatever its end. */
export async function untilAnswered(page: Page, count = 1): Promise<void> {
  await until(`${count} answers, the last one over`, async () => {
    const answers = await answersOf(page);
    return (
      answers.length === count &&
      (await newestAnswer(page).getByRole("button", { name: "复制回答" }).isVisible())
    );
  });
}

/** Asks, waits for the whole answer and returns it. */
export async function askAndRead(page: Page, text: string): Promise<string> {
  const before = (await answersOf(page)).length;
  await ask(page, text);
  await untilAnswered(page, before + 1);
  return (await answersOf(page)).at(-1) ?? "";
}

/** From now on notes each text that any answer is seen with. Read them by `seenTexts`. */
export async function watchTexts(page: Page): Promise<void> {
  await page.evaluate(`{
    window.seenTexts = new Set();
    const look = () => {
      for (const answer of document.querySelectorAll(".mp-top message markdown-view"))
        window.seenTexts.add(answer.textContent.trim());
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
  }`);
}

export function seenTexts(page: Page): Promise<string[]> {
  return page.evaluate<string[]>("[...window.seenTexts]");
}

/** Those that are not the beginning of any of the texts that were said: something came twice, or not at all. */
export function strangeTexts(seen: readonly string[], said: readonly string[]): string[] {
  return seen.filter((text) => !said.some((whole) => whole.startsWith(text)));
}

/** A text of numbered words: whatever is lost, repeated or out of order is seen. */
export function numbered(words: number): string {
  return Array.from({ length: words }, (_, i) => `第${i + 1}句话在这里`).join("，");
}
