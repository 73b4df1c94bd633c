import { expect, test } from "bun:test";
import { startLmStudio } from "./lm-studio.ts";

function ask(url: string, body: object): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ messages: [{ role: "user", content: "你好" }], ...body }),
  });
}

test("runs as a process of its own and says where", async () => {
  const child = Bun.spawn([
    process.execPath,
    `${import.meta.dir}/lm-studio.ts`,
    "--port",
    "0",
    "--tokens",
    "3",
  ]);
  const { value } = await child.stdout.getReader().read();
  const [, url = ""] =
    /^LM Studio stand-in on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(new TextDecoder().decode(value)) ?? [];
  const answer = (await (await ask(url, {})).json()) as { usage: { completion_tokens: number } };
  expect(answer.usage.completion_tokens).toBe(3);
  child.kill("SIGKILL");
  await child.exited;
});

test("keeps its pace and says exactly so many tokens", async () => {
  const server = startLmStudio({ tokensPerSecond: 200, tokensPerAnswer: 41, reply: () => "好 好" });
  const startMs = performance.now();
  const stream = await (await ask(server.url, { stream: true })).text();
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(195);
  expect(stream.match(/"content":/g)?.length).toBe(41);
  expect(stream).toEndWith("data: [DONE]\n\n");
  expect(stream).not.toContain('"usage"');
  await server.stop();
});

test("waits before each token as long as it is told to", async () => {
  const told: string[] = [];
  const released = Promise.withResolvers<void>();
  const server = startLmStudio({
    reply: () => "一 二",
    async beforeToken(said) {
      told.push(said);
      if (said !== "") await released.promise;
    },
  });
  const { body } = await ask(server.url, { stream: true });
  let heard = "";
  for await (const bytes of body ?? []) {
    heard += new TextDecoder().decode(bytes);
    if (heard.includes("一") && !heard.includes("二")) released.resolve();
  }
  await released.promise;
  expect(heard).toContain("二");
  expect(told).toEqual(["", "一"]);
  await server.stop();
});

test("serves so many at once, the others in order", async () => {
  const server = startLmStudio({ parallel: 2, firstTokenDelayMs: 30, tokensPerAnswer: 1 });
  const order: number[] = [];
  let most = 0;
  const asked = [1, 2, 3, 4, 5].map(async (n) => {
    await (await ask(server.url, { stream: true })).text();
    order.push(n);
    most = Math.max(most, server.running());
  });
  await Promise.all(asked);
  expect(server.requests()).toBe(5);
  expect(order.at(-1)).toBe(5);
  expect(most).toBeLessThanOrEqual(2);
  expect(server.running()).toBe(0);
  await server.stop();
});

test("thinks and writes Markdown as the reply says, for each question anew", async () => {
  const markdown =
    "# 标题\n\n- **重点** `code`\n  - 二级  \n\n| 列 | 值 |\n|---|--:|\n| 甲 | 1.5 |\n\n```ts\nconst a = 1;\n```\n\n$e^x$ 😀\n";
  const server = startLmStudio({
    reasoning: { form: "reasoning_content", text: "平时的想法" },
    reply: (messages) =>
      messages.length > 1 ? markdown : { reasoning: "先想想：\n1. 表格", content: markdown },
  });
  const heard = async (messages: object[]) => {
    const lines = (await (await ask(server.url, { stream: true, messages })).text()).split("\n");
    const chunks = lines.flatMap((line) => (line.startsWith("data: {") ? [line.slice(6)] : []));
    const said = { reasoning_content: "", content: "" };
    for (const chunk of chunks) {
      const { choices } = JSON.parse(chunk) as { choices: { delta: Partial<typeof said> }[] };
      said.reasoning_content += choices[0]?.delta.reasoning_content ?? "";
      said.content += choices[0]?.delta.content ?? "";
    }
    return said;
  };
  const question = { role: "user", content: "画个表" };
  expect(await heard([question])).toEqual({ reasoning_content: "先想想：\n1. 表格", content: markdown });
  expect(await heard([question, question])).toEqual({ reasoning_content: "平时的想法", content: markdown });
  await server.stop();
});
