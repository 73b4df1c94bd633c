import { afterEach, describe, expect, test } from "bun:test";
import { startLmStudio } from "../../../dev/lm-studio.ts";
import { hear } from "../../../dev/lm-studio-hear.ts";
import { ModelFailure, ModelServerUnavailable } from "./errors.ts";
import { type ModelInfo, openModelServer } from "./model-server.ts";

const never = new AbortController().signal;
const stops: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

/** A server that has only these paths; the others are answered as `unknown` says. */
function serve(paths: Record<string, object>, unknown: () => Response): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ url }) => {
      const body = paths[new URL(url).pathname];
      return body ? Response.json(body) : unknown();
    },
  });
  stops.push(() => server.stop(true));
  return server.url.origin;
}

const notFound = () =>
  Response.json(
    { error: { message: "File Not Found", type: "not_found_error", code: 404 } },
    { status: 404 },
  );
const unexpectedEndpoint = () => Response.json({ error: "Unexpected endpoint or method. (GET /…)" });

function inspect(baseUrl: string, model = ""): Promise<ModelInfo> {
  return openModelServer({ baseUrl, model, apiKey: "" }).inspect(never);
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("LM Studio 0.4", () => {
  const embedding = { type: "embedding", key: "nomic", loaded_instances: [{ id: "nomic", config: {} }] };
  const onDisk = { type: "llm", key: "qwen", loaded_instances: [], max_context_length: 131_072 };
  const instance = { id: "gemma:2", config: { context_length: 4096, parallel: 6 } };
  const loaded = { type: "llm", key: "gemma", loaded_instances: [instance], max_context_length: 131_072 };
  const list = (...models: object[]) => serve({ "/api/v1/models": { models } }, unexpectedEndpoint);

  test("the loaded model is preferred, with the context and the slots that it was loaded with", async () => {
    const info = await inspect(list(embedding, onDisk, loaded));
    expect(info).toEqual({ model: "gemma:2", contextTokens: 4096, parallel: 6 });
  });

  test("the configured model is preferred to that, loaded or not", async () => {
    const url = list(embedding, onDisk, loaded);
    expect(await inspect(url, "gemma")).toEqual({ model: "gemma", contextTokens: 4096, parallel: 6 });
    expect(await inspect(url, "qwen")).toEqual({
      model: "qwen",
      contextTokens: undefined,
      parallel: undefined,
    });
  });

  test("a model on the disk will do, since the first request loads it", async () => {
    const info = await inspect(list(embedding, onDisk));
    expect(info).toEqual({ model: "qwen", contextTokens: undefined, parallel: undefined });
  });

  test("an embedding model will not", async () => {
    expect(await errorOf(inspect(list(embedding)))).toBeInstanceOf(ModelServerUnavailable);
  });
});

describe("older servers", () => {
  const models = [
    { id: "embed", type: "embeddings", state: "loaded", max_context_length: 2048 },
    { id: "small", type: "llm", state: "not-loaded", max_context_length: 8192 },
    { id: "vision", type: "vlm", state: "loaded", max_context_length: 32_768 },
  ];

  test.each([
    ["status 404", notFound],
    ["an error with status 200", unexpectedEndpoint],
  ])("LM Studio 0.3 is asked after %s", async (_name, unknown) => {
    const url = serve({ "/api/v0/models": { data: models } }, unknown);
    const info = await inspect(url);
    expect(info).toEqual({ model: "vision", contextTokens: 32_768, parallel: undefined });
  });

  test("LM Studio 0.3 may tell the loaded context", async () => {
    const [, , vision] = models;
    const url = serve({ "/api/v0/models": { data: [{ ...vision, loaded_context_length: 4096 }] } }, notFound);
    expect((await inspect(url)).contextTokens).toBe(4096);
  });

  test("any other server lists its models only", async () => {
    const data = [{ id: "text-embedding-nomic" }, { id: "some-model", object: "model" }];
    const info = await inspect(serve({ "/v1/models": { object: "list", data } }, notFound));
    expect(info).toEqual({ model: "some-model", contextTokens: undefined, parallel: undefined });
  });

  test("an address with something else behind it is unavailable", async () => {
    const url = serve(
      {},
      () => new Response("<h1>It works</h1>", { headers: { "content-type": "text/html" } }),
    );
    expect(await errorOf(inspect(url))).toBeInstanceOf(ModelServerUnavailable);
  });
});

describe("llama-server", () => {
  const data = [{ id: "tiny", object: "model", meta: { n_ctx: 4096, n_ctx_train: 8192 } }];

  test("tells its slots in its properties", async () => {
    const props = { total_slots: 3, default_generation_settings: { n_ctx: 2048 } };
    const info = await inspect(serve({ "/v1/models": { data }, "/props": props }, notFound));
    expect(info).toEqual({ model: "tiny", contextTokens: 2048, parallel: 3 });
  });

  test("need not have them", async () => {
    const info = await inspect(serve({ "/v1/models": { data } }, notFound));
    expect(info).toEqual({ model: "tiny", contextTokens: 4096, parallel: undefined });
  });

  test("with several models says which one is loaded; a context of 0 is none", async () => {
    const router = { role: "router", default_generation_settings: { n_ctx: 0 } };
    const models = [
      { id: "cold", status: { value: "unloaded" }, context_length: 8192 },
      { id: "warm", status: { value: "loaded" }, meta: { n_ctx: 4096 } },
    ];
    const url = serve({ "/v1/models": { data: models }, "/props": router }, notFound);
    expect(await inspect(url)).toEqual({ model: "warm", contextTokens: 4096, parallel: undefined });
    expect(await inspect(url, "cold")).toEqual({
      model: "cold",
      contextTokens: undefined,
      parallel: undefined,
    });
  });

  test("answers with its one model whatever name is configured", async () => {
    const info = await inspect(serve({ "/v1/models": { data } }, notFound), "my-own-name");
    expect(info).toEqual({ model: "my-own-name", contextTokens: 4096, parallel: undefined });
  });
});

describe("no list", () => {
  test("because the server is loading, or broken", async () => {
    for (const status of [500, 503]) {
      const url = serve({}, () => Response.json({ error: { message: "Loading model" } }, { status }));
      expect(await errorOf(inspect(url))).toBeInstanceOf(ModelServerUnavailable);
    }
  });

  test("because the key is refused", async () => {
    const server = startLmStudio({ apiKey: "right" });
    stops.push(server.stop);
    const error = await errorOf(inspect(server.url));
    expect(error).toBeInstanceOf(ModelFailure);
    expect(String(error)).toContain("lmstudio.api_key");
    const client = openModelServer({ baseUrl: server.url, model: "", apiKey: "right" });
    expect((await client.inspect(never)).model).toBe("stand-in-model");
  });

  test("because nothing listens", async () => {
    const server = startLmStudio();
    await server.stop();
    expect(await errorOf(inspect(server.url))).toBeInstanceOf(ModelServerUnavailable);
  });

  test("in time, or ever", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    stops.push(async () => silent.stop(true));
    const baseUrl = `http://127.0.0.1:${silent.port}`;
    const client = openModelServer({ baseUrl, model: "", apiKey: "", timeouts: { inspectMs: 50 } });
    expect(await errorOf(client.inspect(never))).toBeInstanceOf(ModelServerUnavailable);
    const stop = AbortSignal.timeout(30);
    const asked = openModelServer({ baseUrl, model: "", apiKey: "" }).inspect(stop);
    expect(await errorOf(asked)).toBe(stop.reason);
  });
});

test("answers in quick succession ask for the list once", async () => {
  let lists = 0;
  const standIn = startLmStudio({ reply: () => "好" });
  stops.push(standIn.stop);
  const front = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/models")) lists++;
      return fetch(standIn.url + pathname, {
        method: request.method,
        ...(request.body ? { body: await request.text() } : {}),
      });
    },
  });
  stops.push(() => front.stop(true));
  const client = openModelServer({ baseUrl: front.url.origin, model: "", apiKey: "" });
  for (let i = 0; i < 3; i++) {
    expect((await hear(client.chat([{ role: "user", content: "好吗" }], never))).text).toBe("好");
  }
  expect(lists).toBe(1);
});

test("no connection is used twice, since llama-server closes what it promised to keep alive", async () => {
  const ports: (number | undefined)[] = [];
  const peer = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, server) => {
      ports.push(server.requestIP(request)?.port);
      return notFound();
    },
  });
  stops.push(() => peer.stop(true));
  await errorOf(inspect(peer.url.origin));
  expect(ports.length).toBe(3);
  expect(new Set(ports).size).toBe(3);
});
