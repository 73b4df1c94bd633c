import { afterEach, expect, test } from "bun:test";
import { startLmStudio } from "../../../dev/lm-studio.ts";
import { hear } from "../../../dev/lm-studio-hear.ts";
import { openModelServer } from "./model-server.ts";

const QUESTION = [{ role: "user" as const, content: "你好" }];
const never = new AbortController().signal;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

function open(options: Parameters<typeof startLmStudio>[0]) {
  const server = startLmStudio({ reply: () => "好的", ...options });
  stops.push(server.stop);
  return { server, client: openModelServer({ baseUrl: server.url, model: "", apiKey: "" }) };
}

test("while a model is loaded for an answer, how far it is; the next answer has nothing to tell", async () => {
  const { client, server } = open({ loaded: false, loadMs: 100 });
  const ask = async () => {
    const told: number[] = [];
    const { text } = await hear(client.chat(QUESTION, never, (percent) => told.push(percent)));
    expect(text).toBe("好的");
    return told;
  };
  const told = await ask();
  expect(told.length).toBeGreaterThan(1);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.every((percent) => percent >= 0 && percent <= 100)).toBe(true);
  expect(await ask()).toEqual([]);
  expect(server.requests()).toBe(2);
});

test("cancelled while it loads, nothing is asked of the model", async () => {
  const { client, server } = open({ loaded: false, loadMs: 60_000 });
  const stop = new AbortController();
  const heard = await hear(client.chat(QUESTION, stop.signal, () => stop.abort()));
  expect(heard.error).toBe(stop.signal.reason);
  expect(server.requests()).toBe(0);
});

test("a server that shows no loading, or shows it in some other way, is asked all the same", async () => {
  const listing = { models: [{ type: "llm", key: "qwen", loaded_instances: [] }] };
  const answer =
    'data: {"choices":[{"delta":{"content":"好的"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
  const stream = (body: string) => new Response(body, { headers: { "content-type": "text/event-stream" } });
  const strange = [
    () => Response.json({ error: "Unexpected endpoint or method. (POST /api/v1/chat)" }),
    () => Response.json({ error: { message: "no" } }, { status: 400 }),
    () => stream(""),
    () => stream('event: model_load.progress\ndata: {"progress":"40%"}\n\nevent: error\ndata: {}\n\n'),
  ];
  for (const chat of strange) {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      routes: {
        "/api/v1/models": () => Response.json(listing),
        "/api/v1/chat": chat,
        "/v1/chat/completions": () => stream(answer),
      },
    });
    stops.push(() => server.stop(true));
    const client = openModelServer({ baseUrl: server.url.origin, model: "", apiKey: "" });
    const told: number[] = [];
    const { text } = await hear(client.chat(QUESTION, never, (percent) => told.push(percent)));
    expect([text, told]).toEqual(["好的", []]);
  }
});
