import { describe, expect, test } from "bun:test";
import { ask } from "./ask.ts";
import { whileFrozen } from "./frozen.ts";
import { startSystem, type System, until } from "./system.ts";

/** A process that hangs, or a NAT that forgot its connection, is to be noticed within this. */
const NOTICED_WITHIN_MS = 10_000;
const TIMEOUT_MS = 60_000;

async function readyz(system: System): Promise<{ ready: boolean; link: { up: boolean; reason?: string } }> {
  const response = await fetch(`${system.adminUrl}/readyz`);
  return (await response.json()) as { ready: boolean; link: { up: boolean; reason?: string } };
}

// Each waits most of its time, for a system of its own.
describe.concurrent("frozen", () => {
  test(
    "an agent is shown as offline, and works again when it goes on",
    async () => {
      const system = await startSystem();
      try {
        const client = system.client(await system.signIn("watcher"));
        const online = async () => (await client.api.agent.list.query())[0]?.online;
        expect(await online()).toBe(true);
        const { jobId } = await whileFrozen(system.agent(), async () => {
          await until("it is offline", async () => !(await online()), NOTICED_WITHIN_MS);
          return await client.api.chat.send.mutate({ text: "等你醒来", idempotencyKey: "k" });
        });
        await until("it is online", async () => (await online()) === true);
        expect((await ask(client, "醒了吗")).end?.t).toBe("done");
        await until("the job that waited is done", async () => {
          const [conversation] = (await client.api.chat.conversations.query()).slice(-1);
          const conversationId = conversation?.id ?? "";
          const { messages } = await client.api.chat.history.query({ conversationId });
          return messages.some((message) => message.jobId === jobId && message.status === "done");
        });
      } finally {
        await system.stop();
      }
    },
    TIMEOUT_MS,
  );

  test(
    "a gateway is noticed by its agent, which is back when it goes on",
    async () => {
      const system = await startSystem();
      try {
        await whileFrozen(system.gateway(), async () => {
          await until(
            "the link counts as down",
            async () => !(await readyz(system)).link.up,
            NOTICED_WITHIN_MS,
          );
        });
        await until("the link is up", async () => (await readyz(system)).link.up, NOTICED_WITHIN_MS);
        const client = system.client(await system.signIn("watcher"));
        expect((await ask(client, "还在吗")).end?.t).toBe("done");
      } finally {
        await system.stop();
      }
    },
    TIMEOUT_MS,
  );
});
