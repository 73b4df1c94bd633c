import { openClient } from "../test/system.ts";
import { answerCommands } from "./load-process.ts";
import { openedSocket } from "./opened-socket.ts";

/** The reader of the deltas: subscribes as the mini-program does, or listens on a raw socket. */
export interface DeltasUser {
  /** Asks that many questions, each in a conversation of its own, and subscribes to the answers. Returns the jobs' ids. */
  ask(round: { gatewayUrl: string; token: string; jobs: number }): Promise<string[]>;
  connectTo(rawRelayUrl: string): Promise<void>;
  /** Resolves when that many deltas have come since the last round began. */
  seen(count: number): Promise<void>;
  beginRound(): Promise<void>;
}

let seen = 0;
let waiting: { count: number; resolve: () => void } | undefined;

function received(deltas: number): void {
  seen += deltas;
  if (waiting && seen >= waiting.count) waiting.resolve();
}

answerCommands({
  async ask({ gatewayUrl, token, jobs }: Parameters<DeltasUser["ask"]>[0]) {
    const { api } = openClient(gatewayUrl, token);
    return await Promise.all(
      Array.from({ length: jobs }, async () => {
        const { jobId } = await api.chat.send.mutate({ text: "你好", idempotencyKey: Bun.randomUUIDv7() });
        await new Promise<void>((resolve, reject) => {
          api.job.events.subscribe(
            { jobId },
            {
              onStarted: () => resolve(),
              onData: ({ data }) => received(data.filter(({ t }) => t === "delta").length),
              onError: reject,
            },
          );
        });
        return jobId;
      }),
    );
  },
  async connectTo(url: string) {
    const socket = await openedSocket(`${url}/user`);
    socket.addEventListener("message", () => received(1));
  },
  beginRound() {
    seen = 0;
    return Promise.resolve();
  },
  async seen(count: number) {
    if (seen >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting = { count, resolve };
    await promise;
  },
});
