/** The agent's model-server client against a real llama-server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { hear } from "../../dev/lm-studio-hear.ts";
import { ModelFailure, ModelServerUnavailable } from "../../src/agent/lm-studio/errors.ts";
import { type ChatMessage, openModelServer } from "../../src/agent/lm-studio/model-server.ts";
import { FIRST_START_MS, type Peer, present, startPeer } from "./llama-server.ts";

const TEST_MS = 60_000;
const never = new AbortController().signal;
const QUESTION: ChatMessage[] = [{ role: "user", content: "hello" }];

function connect({ url }: Peer, apiKey = "") {
  return openModelServer({ baseUrl: url, model: "", apiKey });
}

describe.skipIf(!present)("short answers", () => {
  let peer: Peer;
  beforeAll(async () => {
    // A random model may say nothing at all; so it may not end by itself, but by a limit.
    peer = await startPeer(2, ["--ignore-eos", "-n", "24"]);
  }, FIRST_START_MS);
  afterAll(() => peer.stop());

  test("inspect tells the model, its context and its slots", async () => {
    const info = await connect(peer).inspect(never);
    expect(info).toEqual({ model: "tiny-random", contextTokens: 4096, parallel: 2 });
  });

  test("an answer is streamed, with its tokens", async () => {
    const pieces: string[] = [];
    const heard = await hear(connect(peer).chat(QUESTION, never), ({ text }) => pieces.push(text));
    expect(heard.error).toBeUndefined();
    expect(pieces.length).toBeGreaterThan(10);
    const usage = { promptTokens: expect.any(Number), completionTokens: 24 };
    expect(heard.end).toEqual({ t: "end", finish: "length", model: "tiny-random", usage });
  });

  test(
    "300 requests one after another all go well",
    async () => {
      const client = connect(peer);
      for (let i = 0; i < 300; i++) {
        const { error, end } = await hear(client.chat(QUESTION, never));
        expect(error).toBeUndefined();
        expect(end?.finish).toBe("length");
      }
    },
    TEST_MS,
  );

  test("a prompt longer than the context is too long", async () => {
    const long: ChatMessage[] = [{ role: "user", content: "hello there ".repeat(9_000) }];
    const { error } = await hear(connect(peer).chat(long, never));
    expect(error).toBeInstanceOf(ModelFailure);
    expect((error as ModelFailure).code).toBe("too-long");
  });
});

describe.skipIf(!present)("longer answers", () => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await startPeer(1, ["--ignore-eos", "-n", "400"]);
  }, FIRST_START_MS);
  afterAll(() => peer.stop());

  /** Begins an answer; `spoke` resolves with its first words. */
  function begin(signal: AbortSignal) {
    const spoke = Promise.withResolvers<void>();
    return { spoke: spoke.promise, heard: hear(connect(peer).chat(QUESTION, signal), () => spoke.resolve()) };
  }

  async function untilIdle(): Promise<void> {
    const endMs = performance.now() + 1_000;
    while ((await peer.busySlots()) > 0) expect(performance.now()).toBeLessThan(endMs);
  }

  test(
    "cancelling frees the slot, in the middle and while waiting",
    async () => {
      const [first, second] = [new AbortController(), new AbortController()];
      const answering = begin(first.signal);
      await answering.spoke;
      const waiting = begin(second.signal);
      second.abort();
      expect((await waiting.heard).error).toBe(second.signal.reason);
      first.abort();
      const { error, text } = await answering.heard;
      expect(error).toBe(first.signal.reason);
      expect(text).not.toBe("");
      await untilIdle();
    },
    TEST_MS,
  );

  test(
    "a request beyond the slots waits without headers and is answered in its turn",
    async () => {
      const first = begin(never);
      await first.spoke;
      let firstEnded = false;
      const ended = first.heard.then(() => (firstEnded = true));
      const second = begin(never);
      await second.spoke;
      expect(firstEnded).toBe(true);
      for (const { end, error } of await Promise.all([first.heard, second.heard])) {
        expect(error).toBeUndefined();
        expect(end?.finish).toBe("length");
      }
      await ended;
    },
    TEST_MS,
  );

  test(
    "a server that is killed fails the one that it was answering; the one that waited can be tried later",
    async () => {
      const answering = begin(never);
      await answering.spoke;
      const waiting = begin(never);
      peer.process.kill("SIGKILL");
      const [answered, waited] = await Promise.all([answering.heard, waiting.heard]);
      expect(answered.error).toBeInstanceOf(ModelFailure);
      expect(answered.text).not.toBe("");
      expect(waited.error).toBeInstanceOf(ModelServerUnavailable);
    },
    TEST_MS,
  );
});

describe.skipIf(!present)("a server with a key and a model that reasons", () => {
  let peer: Peer;
  beforeAll(async () => {
    const reasoning = ["--reasoning", "on", "--reasoning-budget", "20"];
    peer = await startPeer(1, ["--api-key", "secret", "--ignore-eos", "-n", "60", ...reasoning]);
  }, FIRST_START_MS);
  afterAll(() => peer.stop());

  test("keeps the reasoning out of the answer", async () => {
    const heard = await hear(connect(peer, "secret").chat(QUESTION, never));
    expect(heard.error).toBeUndefined();
    expect(heard.reasoning).not.toBe("");
    expect(heard.text).not.toBe("");
    expect(heard.text).not.toContain("think>");
  });

  test("refuses a wrong key in a way that says what to do", async () => {
    const { error } = await hear(connect(peer, "wrong").chat(QUESTION, never));
    expect(error).toBeInstanceOf(ModelFailure);
    expect(String(error)).toContain("lmstudio.api_key");
    const named = openModelServer({ baseUrl: peer.url, model: "tiny-random", apiKey: "wrong" });
    expect(String((await hear(named.chat(QUESTION, never))).error)).toContain("lmstudio.api_key");
  });
});

describe.skipIf(!present)("requests that share one context", () => {
  let peer: Peer;
  beforeAll(async () => {
    peer = await startPeer(2, ["--ignore-eos", "--kv-unified", "--ctx-size", "512"]);
  }, FIRST_START_MS);
  afterAll(() => peer.stop());

  test(
    "an overflow in the middle of a stream fails that answer and keeps its text",
    async () => {
      const all = await Promise.all([1, 2].map(() => hear(connect(peer).chat(QUESTION, never))));
      const broken = all.filter(({ error }) => error instanceof ModelFailure);
      expect(broken.length).toBeGreaterThan(0);
      for (const { text, end } of broken) {
        expect(text).not.toBe("");
        expect(end).toBeUndefined();
      }
    },
    TEST_MS,
  );
});
