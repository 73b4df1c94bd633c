import { afterEach, describe, expect, test } from "bun:test";
import { type LmStudio, type LmStudioOptions, startLmStudio } from "../../../dev/lm-studio.ts";
import { type Heard, hear, until } from "../../../dev/lm-studio-hear.ts";
import { openModelServer } from "./model-server.ts";

const QUESTION = [{ role: "user" as const, content: "你好，智控未来！" }];
const never = new AbortController().signal;
let server: LmStudio | undefined;

afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** One answer of a stand-in with these options. */
async function ask(options: LmStudioOptions): Promise<Heard> {
  const { url, running } = (server = startLmStudio(options));
  const heard = await hear(openModelServer({ baseUrl: url, model: "", apiKey: "" }).chat(QUESTION, never));
  await until(() => running() === 0);
  return heard;
}

/** The answer to a stream made of these pieces, each arriving on its own. */
function askRaw(...pieces: (string | Uint8Array)[]): Promise<Heard> {
  return ask({ fault: () => ({ t: "raw", pieces }) });
}

function chunk(delta: object, rest: object = {}): string {
  return JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }], ...rest });
}
const FINISH = `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`;

test("streams the answer, then the model and the tokens it took", async () => {
  const heard = await ask({ reply: ([message]) => `回声：${message?.content}` });
  expect(heard.text).toBe("回声：你好，智控未来！");
  expect(heard.end).toEqual({
    t: "end",
    finish: "stop",
    model: "stand-in-model",
    usage: { promptTokens: expect.any(Number), completionTokens: expect.any(Number) },
  });
  expect(heard.error).toBeUndefined();
});

test("the stand-in says that it is one", async () => {
  expect((await ask({})).text).toContain("模拟模型");
});

test("gives the text as it comes", async () => {
  server = startLmStudio({ reply: () => "一二三四五六七八", fault: () => ({ t: "stall", afterTokens: 2 }) });
  const stop = new AbortController();
  const answer = openModelServer({ baseUrl: server.url, model: "", apiKey: "" }).chat(QUESTION, stop.signal);
  const heard = await hear(answer, ({ text }) => {
    if (text === "一二三四") stop.abort();
  });
  expect(heard.text).toBe("一二三四");
});

test("asks for a stream with usage, by the configured model, with the key", async () => {
  const asked = Promise.withResolvers<{ headers: Headers; body: unknown }>();
  const peer = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      asked.resolve({ headers: request.headers, body: await request.json() });
      return new Response(`data: ${chunk({ content: "ok" })}\n\ndata: [DONE]\n\n`, {
        headers: { "content-type": "text/event-stream; charset=utf-8" },
      });
    },
  });
  // Programs that talk to OpenAI's API are given an address with /v1, and so will this one be.
  const client = openModelServer({ baseUrl: `${peer.url.origin}/v1/`, model: "qwen", apiKey: "k1" });
  expect((await hear(client.chat(QUESTION, never))).text).toBe("ok");
  const { headers, body } = await asked.promise;
  expect(headers.get("authorization")).toBe("Bearer k1");
  expect(body).toEqual({
    model: "qwen",
    messages: QUESTION,
    stream: true,
    stream_options: { include_usage: true },
  });
  await peer.stop(true);
});

describe("the stream's form", () => {
  test("a character, a field name and a line end may be cut anywhere", async () => {
    const stream = new TextEncoder().encode(
      `data: ${chunk({ content: "智控😀" })}\r\n\r\ndata: ${FINISH}\r\n\r\ndata: [DONE]\r\n\r\n`,
    );
    const pieces = Array.from(stream, (byte) => Uint8Array.of(byte));
    expect(await askRaw(...pieces)).toMatchObject({ text: "智控😀", error: undefined });
  });

  test.each(["\n", "\r\n", "\r"])("lines may end with %j", async (eol) => {
    const lines = [`data: ${chunk({ content: "a" })}`, "", `data: ${FINISH}`, "", "data: [DONE]", "", ""];
    expect(await askRaw(lines.join(eol))).toMatchObject({ text: "a", error: undefined });
  });

  test("a byte order mark, comments, unknown fields, no blank after the colon, data over two lines", async () => {
    const heard = await askRaw(
      "\uFEFF: hello\n\n",
      `data:${chunk({ content: "a" })}\nid: 7\nretry: 10\nfoo: bar\n\n: ping\n\n`,
      `event: message\ndata: {"choices":[{"index":0,\ndata: "delta":{"content":"b"}}]}\n\n`,
      `data: ${FINISH}\n\ndata:[DONE]\n\n`,
    );
    expect(heard).toMatchObject({ text: "ab", error: undefined });
  });

  test("fields of the wrong type count as absent", async () => {
    const odd = chunk(
      { content: null, reasoning: { text: "?" }, tool_calls: null },
      { usage: "?", model: 7 },
    );
    const heard = await askRaw(
      `data: ${odd}\n\ndata: ${chunk({ content: "a" })}\n\ndata: ${FINISH}\n\ndata: [DONE]\n\n`,
    );
    expect(heard).toMatchObject({ text: "a", error: undefined });
  });

  test("nothing after [DONE] is read", async () => {
    const heard = await askRaw(
      `data: ${chunk({ content: "a" })}\n\ndata: [DONE]\n\ndata: {"error":"late"}\n\n`,
    );
    expect(heard).toMatchObject({ text: "a", end: { finish: "stop" }, error: undefined });
  });
});

describe("how an answer ends", () => {
  test("a stream without [DONE] is whole when a finish reason came", async () => {
    const heard = await ask({ reply: () => "好的", fault: () => ({ t: "no-done", finish: true }) });
    expect(heard).toMatchObject({ text: "好的", end: { finish: "stop" }, error: undefined });
  });

  test("an answer that was cut off at a limit says so", async () => {
    const heard = await ask({ contextTokens: 30, tokensPerAnswer: 100 });
    expect(heard).toMatchObject({ end: { finish: "length" }, error: undefined });
  });
});

describe("the tokens it took", () => {
  const usage = { prompt_tokens: 11, completion_tokens: 3 };
  const timings = { cache_n: 9, prompt_n: 2, predicted_n: 3 };
  const text = `data: ${chunk({ content: "a" })}\n\n`;

  test("come in a last chunk without choices", async () => {
    const last = JSON.stringify({ choices: [], usage });
    const heard = await askRaw(`${text}data: ${FINISH}\n\ndata: ${last}\n\ndata: [DONE]\n\n`);
    expect(heard.end?.usage).toEqual({ promptTokens: 11, completionTokens: 3 });
  });

  test("or as llama-server's timings, which leave out the cached ones", async () => {
    const last = FINISH.replace(/}$/, `,"timings":${JSON.stringify(timings)}}`);
    const heard = await askRaw(`${text}data: ${last}\n\ndata: [DONE]\n\n`);
    expect(heard.end?.usage).toEqual({ promptTokens: 11, completionTokens: 3 });
  });

  test("or not at all", async () => {
    const heard = await askRaw(`${text}data: ${FINISH}\n\ndata: [DONE]\n\n`);
    expect(heard.end).toEqual({ t: "end", finish: "stop", model: undefined, usage: undefined });
  });
});

test("the model that answered is the one of the first chunk", async () => {
  const [first, second] = ["real-model", "other"].map((model) => chunk({ content: "a" }, { model }));
  const heard = await askRaw(`data: ${first}\n\ndata: ${second}\n\ndata: ${FINISH}\n\n`);
  expect(heard.end?.model).toBe("real-model");
});

describe("reasoning", () => {
  const text = "先想一想：1 < 2。";
  test.each(["reasoning_content", "reasoning", "inline"] as const)(
    "as %s is kept out of the answer",
    async (form) => {
      const heard = await ask({ reply: () => "答案是 2。", reasoning: { form, text } });
      expect(heard.text).toBe("答案是 2。");
      expect(heard.reasoning.trim()).toBe(text);
      expect(heard.error).toBeUndefined();
    },
  );

  test("that comes in two fields at once is given once", async () => {
    const both = chunk({ reasoning: "hm", reasoning_content: "hm" });
    const heard = await askRaw(`data: ${both}\n\ndata: ${FINISH}\n\n`);
    expect(heard).toMatchObject({ reasoning: "hm", text: "", error: undefined });
  });

  test("may be all there is when the limit cuts it off", async () => {
    const heard = await ask({
      contextTokens: 20,
      reasoning: { form: "reasoning_content", text: text.repeat(9) },
    });
    expect(heard).toMatchObject({ text: "", end: { finish: "length" }, error: undefined });
    expect(heard.reasoning).not.toBe("");
  });
});
