import { expect } from "bun:test";
import type { Page } from "playwright-core";
import { until } from "../../system.ts";
import { askAndRead, CHAT, newestAnswer, questionsOf } from "./steps-chat.ts";
import { testsOnPhones } from "./steps-phones.ts";

const HTML = [
  "<script>window.pwned=1</script>",
  '<img src="https://evil.test/x" onerror="window.pwned=1">',
  "<svg onload=window.pwned=1>",
  '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
  '<a href="javascript:window.pwned=1">点我</a>',
];
const LINKS = [
  "[点我](javascript:window.pwned=1)",
  "[点我](JaVaScRiPt&colon;window.pwned=1)",
  "[点我](data:text/html,<script>window.pwned=1</script>)",
  '![图](https://evil.test/x"onerror="window.pwned=1)',
];
const PLACES: readonly ((text: string) => string)[] = [
  (text) => text,
  (text) => `- 一\n  - ${text}`,
  (text) => `> ${text}`,
  (text) => `### ${text}`,
  (text) => `看**这里 ${text} 看**`,
  (text) => `| ${text} | 列 |\n|---|---|\n| 格 | ${text} |`,
  (text) => `\`${text}\``,
  (text) => `\`\`\`html\n${text}\n\`\`\``,
];
/** What a harmless answer is made of: no element that loads or runs, no attribute that does. */
const DANGEROUS = `[...document.querySelectorAll(".mp-top markdown-view *")].flatMap((element) => [
  ...(/^(script|img|image|svg|iframe|object|embed|a|link|form|input)$/i.test(element.tagName) ? [element.tagName] : []),
  ...[...element.attributes].filter(({ name, value }) => /^on|^(href|src|srcdoc)$/i.test(name) || /javascript:|data:/i.test(value)).map(({ name }) => name),
])`;

const MIXED = "中文English混排👨‍👩‍👧‍👦家庭🏳️‍🌈旗👍🏽手🇨🇳𠮷野家，e\u0301 和 é；零宽\u200d连接，①②③ 😀😀";

const onPhones = testsOnPhones({
  model: {
    tokensPerSecond: 4000,
    contextTokens: 100_000,
    reply: (messages) => {
      const question = messages.at(-1)?.content ?? "";
      if (question.startsWith("危险")) return danger();
      return question.startsWith("混排") ? MIXED : question;
    },
  },
});
const danger = () => [...HTML, ...LINKS].flatMap((text) => PLACES.map((place) => place(text))).join("\n\n");

onPhones("what would run in a browser is harmless in an answer, and its text is shown", async ({ open }) => {
  const phone = await open({ user: "injected", url: CHAT });
  const { page } = phone;
  const outside: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("evil.test")) outside.push(request.url());
  });
  const text = await askAndRead(page, `危险 ${HTML.join("")}`);
  expect(await page.evaluate<string[]>(DANGEROUS)).toEqual([]);
  for (const html of HTML) expect(text.split(html).length - 1).toBeGreaterThanOrEqual(PLACES.length);
  expect(text.split("点我").length - 1).toBeGreaterThanOrEqual(4 * PLACES.length);
  expect(await questionsOf(page)).toEqual([`危险 ${HTML.join("")}`]);
  await tapEach(page, "点我");
  expect(await page.evaluate("window.pwned")).toBeUndefined();
  expect(outside).toEqual([]);
  expect((await phone.copied()).filter((address) => !address.startsWith("https://"))).toEqual([]);
});

async function tapEach(page: Page, text: string): Promise<void> {
  for (const link of await newestAnswer(page).getByText(text).all()) await link.dispatchEvent("click");
}

onPhones("characters of several parts survive, on the screen and when copied", async ({ open }) => {
  const phone = await open({ user: "mixed", url: CHAT });
  const question = `混排${MIXED}`;
  expect(await askAndRead(phone.page, question)).toBe(MIXED);
  expect(await questionsOf(phone.page)).toEqual([question]);
  await phone.page.getByRole("button", { name: "复制回答" }).click();
  await until("it is copied", async () => (await phone.copied()).length > 0);
  expect(await phone.copied()).toEqual([`${MIXED}\n\n（AI 生成）`]);
});
