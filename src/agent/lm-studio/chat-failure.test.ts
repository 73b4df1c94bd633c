import { afterEach, describe, expect, test } from "bun:test";
import { type LmStudio, type LmStudioOptions, startLmStudio } from "../../../dev/lm-studio.ts";
import * as faults from "../../../dev/lm-studio-fault.ts";
import { type Heard, hear, until } from "../../../dev/lm-studio-hear.ts";
import { ModelFailure, ModelServerUnavailable } from "./errors.ts";
import { type ModelTimeouts, openModelServer } from "./model-server.ts";

const QUESTION = [{ role: "user" as const, content: "你好" }];
const REPLY = "一二三四五六七八";
/** Chinese characters that the stand-in makes one token. */
const TOKEN_CHARS = 2;
const never = new AbortController().signal;
const started: LmStudio[] = [];
/** Of the answer that is being heard. */
let heardText = "";

afterEach(async () => {
  heardText = "";
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

function start(options: LmStudioOptions, timeouts: Partial<ModelTimeouts> = {}) {
  const server = startLmStudio({ reply: () => REPLY, ...options });
  started.push(server);
  const client = openModelServer({ baseUrl: server.url, model: "", apiKey: "wrong-key", timeouts });
  return { server, client };
}

/** A connection that breaks when this much has been heard. */
function cut(words: string, more: { inCharacter?: boolean } = {}): faults.Fault {
  const afterTokens = words.length / TOKEN_CHARS;
  return { t: "cut", afterTokens, arrived: () => until(() => heardText === words), ...more };
}

/** What comes of a question when every request meets this fault; no slot may stay taken. */
async function askWith(fault: faults.Fault, timeouts: Partial<ModelTimeouts> = {}): Promise<Heard> {
  const { server, client } = start({ fault: () => fault }, timeouts);
  const heard = await hear(client.chat(QUESTION, never), ({ text }) => (heardText = text));
  await until(() => server.running() === 0);
  expect(heard.end).toBeUndefined();
  return heard;
}

function failure(heard: Heard): ModelFailure {
  expect(heard.error).toBeInstanceOf(ModelFailure);
  return heard.error as ModelFailure;
}

describe("a refusal", () => {
  const status = (code: number, body: string, contentType = "application/json"): faults.Fault => ({
    t: "status",
    status: code,
    body,
    contentType,
  });

  test.each([
    ["a 500", faults.serverError, "Internal server error"],
    ["a web page", faults.htmlPage, "lmstudio.base_url"],
    ["an unknown endpoint, said with status 200", faults.unexpectedEndpoint, "Unexpected endpoint"],
    ["a 400 in OpenAI's form", status(400, `{"error":{"message":"bad\\n field"}}`), "bad field"],
    ["an answer that is no stream", status(200, `{"choices":[]}`), "HTTP 200"],
    ["an error that is too long to show", status(400, `{"error":"${"长".repeat(9_000)}"}`), "…"],
  ])("%s fails the job and says why", async (_name, fault, words) => {
    const { code, message } = failure(await askWith(fault));
    expect(code).toBe("model-error");
    expect(message).toContain(words);
    expect(message.length).toBeLessThan(400);
  });

  test.each([
    ["llama-server's type", faults.contextOverflow],
    ["OpenAI's code", status(400, `{"error":{"message":"x","code":"context_length_exceeded"}}`)],
  ])("a prompt that is too long is known by %s", async (_name, fault) => {
    expect(failure(await askWith(fault)).code).toBe("too-long");
  });

  test.each([
    ["a proxy without its server", faults.badGateway],
    [
      "a model that is loading",
      status(503, `{"error":{"message":"Loading model","type":"unavailable_error"}}`),
    ],
    ["too many requests", status(429, "")],
  ])("%s can be tried again later", async (_name, fault) => {
    expect((await askWith(fault)).error).toBeInstanceOf(ModelServerUnavailable);
  });

  test("a refused key names the setting, and repeats nothing that the server says of it", async () => {
    const { code, message } = failure(await askWith(status(401, `{"error":"bad key wrong-key"}`)));
    expect(code).toBe("model-error");
    expect(message).toContain("lmstudio.api_key");
    expect(message).not.toContain("wrong-key");
  });

  test("for want of a loaded model can be tried again; with one loaded it cannot", async () => {
    const lacking = start({ loaded: false, fault: () => faults.noModelLoaded });
    expect((await hear(lacking.client.chat(QUESTION, never))).error).toBeInstanceOf(ModelServerUnavailable);
    expect(failure(await askWith(faults.noModelLoaded)).code).toBe("model-error");
  });

  test("of a name that the server does not know fails, though no model is loaded", async () => {
    const { server } = start({ loaded: false, fault: () => faults.noModelLoaded });
    const client = openModelServer({ baseUrl: server.url, model: "no-such-model", apiKey: "" });
    expect(failure(await hear(client.chat(QUESTION, never))).code).toBe("model-error");
  });
});

describe("a stream that goes wrong keeps what came before", () => {
  test.each([
    ["an error event", { t: "error-event", afterTokens: 2, named: true, message: "crashed" }, "crashed"],
    [
      "an error without a name",
      { t: "error-event", afterTokens: 2, named: false, message: "crashed" },
      "crashed",
    ],
    ["a connection that breaks", cut("一二三四"), "中断"],
    ["half a character and no more", cut("一二三四", { inCharacter: true }), "中断"],
    ["a chunk that is no JSON", raw("data: {oops\n\n"), "无法识别"],
    ["an error event that is no JSON", raw("event: error\ndata: out of memory\n\n"), "out of memory"],
    ["an end in the middle of an event", raw(`data: {"choi`), "不完整"],
  ] satisfies [string, faults.Fault, string][])("%s", async (_name, fault, words) => {
    const heard = await askWith(fault);
    expect(heard.text).toBe("一二三四");
    expect(failure(heard).code).toBe("model-error");
    expect(failure(heard).message).toContain(words);
  });

  test("an end without [DONE] and without a finish reason", async () => {
    const heard = await askWith({ t: "no-done", finish: false });
    expect(heard.text).toBe(REPLY);
    expect(failure(heard).code).toBe("model-error");
  });

  test("a context that overflows in the middle", async () => {
    const body = faults.contextOverflow.t === "status" ? faults.contextOverflow.body : "";
    const heard = await askWith(raw(`data: ${body}\n\n`));
    expect(heard.text).toBe("一二三四");
    expect(failure(heard).code).toBe("too-long");
  });

  /** A beginning and this, in one packet. */
  function raw(rest: string): faults.Fault {
    return { t: "raw", pieces: [`data: {"choices":[{"delta":{"content":"一二三四"}}]}\n\n${rest}`] };
  }
});

describe("an answer without a word", () => {
  const finish = `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;
  const says = (delta: object) => `data: ${JSON.stringify({ choices: [{ delta }] })}\n\n${finish}`;

  test.each([
    ["nothing but [DONE]", { t: "empty" }],
    ["a role and a finish reason", { t: "raw", pieces: [says({ role: "assistant", content: null })] }],
    ["an empty thought", { t: "raw", pieces: [says({ content: "<think></think>\n\n" })] }],
    ["an empty body", { t: "raw", pieces: [": ping\n\n"] }],
  ] satisfies [string, faults.Fault][])("%s is a failure", async (_name, fault) => {
    expect(failure(await askWith(fault)).code).toBe("empty-answer");
  });

  test("a call of a tool that nobody offered is another", async () => {
    const call = says({ tool_calls: [{ index: 0, function: { name: "rm" } }] });
    expect(failure(await askWith({ t: "raw", pieces: [call] })).code).toBe("model-error");
  });
});

describe("sizes are limited", () => {
  test("of one event", async () => {
    const piece = "x".repeat(200_000);
    const heard = await askWith({ t: "raw", pieces: ["data: ", ...Array.from({ length: 7 }, () => piece)] });
    expect(failure(heard).code).toBe("model-error");
  });

  test("of the whole answer", async () => {
    const chunk = `data: ${JSON.stringify({ choices: [{ delta: { content: "x".repeat(100_000) } }] })}\n\n`;
    const heard = await askWith({ t: "raw", pieces: Array.from({ length: 12 }, () => chunk) });
    expect(failure(heard).code).toBe("model-error");
    expect(heard.text.length).toBe(1_000_000);
  });
});

describe("silence", () => {
  test("before the headers ends the job after a while", async () => {
    const heard = await askWith({ t: "silent" }, { firstWordMs: 60 });
    expect(failure(heard).code).toBe("model-timeout");
  });

  test("before the first word may last longer than after it", async () => {
    const heard = await askWith({ t: "stall", afterTokens: 0 }, { firstWordMs: 120, idleMs: 10 });
    expect(failure(heard).code).toBe("model-timeout");
    const patient = start({ firstTokenDelayMs: 400 }, { firstWordMs: 5_000, idleMs: 250 });
    expect(await hear(patient.client.chat(QUESTION, never))).toMatchObject({ text: REPLY, error: undefined });
  });

  test("in the middle ends the job and keeps the text", async () => {
    const heard = await askWith({ t: "stall", afterTokens: 2 }, { firstWordMs: 5_000, idleMs: 250 });
    expect(heard.text).toBe("一二三四");
    expect(failure(heard).code).toBe("model-timeout");
  });

  test("is broken by comment lines, but not for ever", async () => {
    const startMs = performance.now();
    const heard = await askWith(
      { t: "stall", afterTokens: 2, commentEveryMs: 10 },
      { idleMs: 150, totalMs: 500 },
    );
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(490);
    expect(failure(heard).code).toBe("model-timeout");
  });

  test("of the reader does not count as the server's", async () => {
    const { client } = start({ tokensPerSecond: 200 }, { idleMs: 300 });
    let text = "";
    for await (const event of client.chat(QUESTION, never)) {
      if (event.t === "delta") text += event.text;
      if (text === "一二") await Bun.sleep(500);
    }
    expect(text).toBe(REPLY);
  });
});

describe("a connection that fails", () => {
  test("before the first byte is tried again, without a word twice", async () => {
    const { server, client } = start({ fault: (n) => (n === 1 ? { t: "reset" } : undefined) });
    expect(await hear(client.chat(QUESTION, never))).toMatchObject({ text: REPLY, error: undefined });
    expect(server.requests()).toBe(2);
  });

  test("again and again makes the server unavailable", async () => {
    const { server, client } = start({ fault: () => ({ t: "reset" }) });
    expect((await hear(client.chat(QUESTION, never))).error).toBeInstanceOf(ModelServerUnavailable);
    expect(server.requests()).toBe(3);
  });

  test("after the first byte is not tried again", async () => {
    const { server, client } = start({ fault: () => cut("一二") });
    const heard = await hear(client.chat(QUESTION, never), ({ text }) => (heardText = text));
    expect(heard.text).toBe("一二");
    expect(server.requests()).toBe(1);
  });

  test("because nothing listens makes the server unavailable, and the message has no password", async () => {
    const { server } = start({});
    await server.stop();
    const baseUrl = server.url.replace("//", "//user:secret@");
    const heard = await hear(openModelServer({ baseUrl, model: "m", apiKey: "" }).chat(QUESTION, never));
    expect(heard.error).toBeInstanceOf(ModelServerUnavailable);
    expect(String(heard.error)).not.toContain("secret");
  });
});
