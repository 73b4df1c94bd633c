import { afterEach, expect, test } from "bun:test";
import { type LmStudio, type LmStudioOptions, startLmStudio } from "../../../dev/lm-studio.ts";
import { hear, until } from "../../../dev/lm-studio-hear.ts";
import { type ModelServer, openModelServer } from "./model-server.ts";

const QUESTION = [{ role: "user" as const, content: "你好" }];
const REPLY = "一二三四五六七八";
const never = new AbortController().signal;
const started: LmStudio[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

function start(options: LmStudioOptions) {
  const server = startLmStudio({ reply: () => REPLY, ...options });
  started.push(server);
  return { server, client: openModelServer({ baseUrl: server.url, model: "", apiKey: "" }) };
}

/** Asks, aborts when `ready`, and expects the slot to be free by then or soon after. */
async function cancel(server: LmStudio, client: ModelServer, ready: (heard: string) => boolean) {
  const stop = new AbortController();
  let text = "";
  const answer = hear(client.chat(QUESTION, stop.signal), (heard) => (text = heard.text));
  await until(() => ready(text));
  stop.abort();
  const heard = await answer;
  expect(heard.error).toBe(stop.signal.reason);
  expect(heard.end).toBeUndefined();
  await until(() => server.running() === 0, 200);
  return heard;
}

test("cancelling before the headers ends the request", async () => {
  const { server, client } = start({ fault: () => ({ t: "silent" }) });
  await cancel(server, client, () => server.running() === 1);
});

test("cancelling in the middle keeps the text, and the next request is served", async () => {
  const { server, client } = start({
    parallel: 1,
    fault: (n) => (n === 1 ? { t: "stall", afterTokens: 2 } : undefined),
  });
  const heard = await cancel(server, client, (text) => text === "一二三四");
  expect(heard.text).toBe("一二三四");
  expect((await hear(client.chat(QUESTION, never))).text).toBe(REPLY);
});

test("cancelling while waiting for a turn leaves the others' alone", async () => {
  const { server, client } = start({
    parallel: 1,
    fault: (n) => (n === 1 ? { t: "stall", afterTokens: 1 } : undefined),
  });
  const first = new AbortController();
  const second = new AbortController();
  const answers = [first, second].map(({ signal }) => hear(client.chat(QUESTION, signal)));
  await until(() => server.requests() === 2);
  const third = hear(client.chat(QUESTION, never));
  await until(() => server.requests() === 3);
  second.abort();
  expect((await answers[1])?.error).toBe(second.signal.reason);
  expect(server.running()).toBe(1);
  first.abort();
  expect((await third).text).toBe(REPLY);
});

test("cancelling while it tries to connect ends the tries", async () => {
  const { server, client } = start({ fault: () => ({ t: "reset" }) });
  await cancel(server, client, () => server.requests() === 1);
  expect(server.requests()).toBe(1);
});

test("cancelled beforehand, it asks nothing", async () => {
  const { server } = start({});
  const client = openModelServer({ baseUrl: server.url, model: "m", apiKey: "" });
  const reason = new Error("stopping");
  expect((await hear(client.chat(QUESTION, AbortSignal.abort(reason)))).error).toBe(reason);
  expect(server.requests()).toBe(0);
});

test("leaving the loop frees the slot too", async () => {
  const { server, client } = start({ fault: () => ({ t: "stall", afterTokens: 2 }) });
  for await (const event of client.chat(QUESTION, never)) if (event.t === "delta") break;
  await until(() => server.running() === 0, 200);
});
