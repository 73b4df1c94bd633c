import { createParser } from "eventsource-parser";
import { isTerminal } from "../src/contract/reply-event.ts";
import type { UserClient } from "../test/system.ts";
import { answerCommands } from "./load-process.ts";
import { openOneSocketClient } from "./one-socket-client.ts";

/** Asks the model server for answers: through gateway and agent, as a mini-program does, or the server itself. */
export interface ModelUsers {
  /** One client for each token; `gatewayUrl` and `modelUrl` are where the questions will go. */
  meet(places: { gatewayUrl: string; modelUrl: string; tokens: string[] }): Promise<void>;
  /** Of one answer. */
  throughGateway(): Promise<Timing>;
  direct(): Promise<Timing>;
  /** Of as many answers at once as there are clients. */
  allThroughGateway(): Promise<Timing[]>;
  allDirect(): Promise<Timing[]>;
}

/** Of an answer: from the question to the first delta and to the end. */
export interface Timing {
  firstDeltaMs: number;
  totalMs: number;
  deltas: number;
}

const QUESTION = "用一句话介绍你自己。";

let clients: UserClient[] = [];
let modelUrl = "";

async function throughGateway({ api }: UserClient): Promise<Timing> {
  const clock = openClock();
  const { jobId } = await api.chat.send.mutate({ text: QUESTION, idempotencyKey: Bun.randomUUIDv7() });
  await new Promise<void>((resolve, reject) => {
    api.job.events.subscribe(
      { jobId },
      {
        onData({ data }) {
          for (const event of data) if (event.t === "delta") clock.delta();
          const end = data.find(isTerminal);
          if (end?.t === "done") resolve();
          else if (end) reject(new Error(`the answer ended with ${JSON.stringify(end)}`));
        },
        onError: reject,
      },
    );
  });
  return clock.timing();
}

async function direct(): Promise<Timing> {
  const clock = openClock();
  const response = await fetch(`${modelUrl}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ role: "user", content: QUESTION }], stream: true }),
  });
  const parser = createParser({
    onEvent({ data }) {
      if (data !== "[DONE]" && contentOf(data) !== "") clock.delta();
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
  return clock.timing();
}

function contentOf(data: string): string {
  const chunk = JSON.parse(data) as { choices: { delta: { content?: string } }[] };
  return chunk.choices[0]?.delta.content ?? "";
}

function openClock() {
  const startedAt = performance.now();
  let firstDeltaMs = Number.NaN;
  let deltas = 0;
  return {
    delta() {
      if (deltas++ === 0) firstDeltaMs = performance.now() - startedAt;
    },
    timing: (): Timing => ({ firstDeltaMs, totalMs: performance.now() - startedAt, deltas }),
  };
}

answerCommands({
  async meet(places: Parameters<ModelUsers["meet"]>[0]) {
    clients = places.tokens.map((token) => openOneSocketClient(places.gatewayUrl, token));
    modelUrl = places.modelUrl;
    await Promise.all(clients.map(({ api }) => api.me.get.query()));
  },
  async throughGateway() {
    const [client] = clients;
    if (!client) throw new Error("nobody is signed in");
    return await throughGateway(client);
  },
  direct,
  allThroughGateway: () => Promise.all(clients.map(throughGateway)),
  allDirect: () => Promise.all(clients.map(direct)),
});
