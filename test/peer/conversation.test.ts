/** A whole conversation, from WeCom and from the mini-program, answered by a real llama-server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startSystem, type System, until } from "../system.ts";
import { watchJob } from "../watched-job.ts";
import { FIRST_START_MS, type Peer, present, startPeer } from "./llama-server.ts";

const SLOTS = 2;

describe.skipIf(!present)("a conversation with a real model server", () => {
  let peer: Peer;
  let system: System;
  beforeAll(async () => {
    peer = await startPeer(SLOTS, ["--ignore-eos", "-n", "48"]);
    system = await startSystem({ modelUrl: peer.url });
  }, FIRST_START_MS);
  afterAll(async () => {
    await system.stop();
    await peer.stop();
  });

  test("the agent has as many slots as the server", async () => {
    const client = system.client(await system.signIn("slots"));
    // What the agent reports follows its link by a moment.
    await until(
      "the agent has reported",
      async () => (await client.api.agent.list.query())[0]?.modelReady === true,
    );
    const [agent] = await client.api.agent.list.query();
    expect(agent).toMatchObject({ online: true, slots: SLOTS, model: "tiny-random" });
  });

  test("two turns by the user API: streamed, counted, remembered", async () => {
    const client = system.client(await system.signIn("turns"));
    const first = await client.api.chat.send.mutate({ text: "你好", idempotencyKey: "1" });
    const { conversationId } = first;
    const second = await client.api.chat.send.mutate({ conversationId, text: "继续", idempotencyKey: "2" });
    for (const { jobId } of [first, second]) {
      const job = watchJob(client, jobId);
      await job.completed;
      expect(job.faults).toEqual([]);
      const end = job.end();
      if (end?.t !== "done") throw new Error(JSON.stringify(end));
      expect(end.text).toBe(job.text());
      expect(end.text).not.toBe("");
      expect(end.usage?.model).toBe("tiny-random");
      expect(end.usage?.completionTokens).toBeGreaterThan(0);
    }
    const { messages } = await client.api.chat.history.query({ conversationId });
    expect(messages.map(({ role, status }) => [role, status])).toEqual([
      ["user", "done"],
      ["assistant", "done"],
      ["user", "done"],
      ["assistant", "done"],
    ]);
  }, 60_000);

  test("more questions than slots from WeCom: each is answered once", async () => {
    const members = Array.from({ length: SLOTS * 4 }, (_, n) => `member${n}`);
    await Promise.all(members.map((member) => system.wecom.sendText(member, `我是 ${member}`)));
    await until(
      "all are answered",
      () => members.every((member) => system.wecomApi.list(member).length > 0),
      30_000,
    );
    // Those that waited may have had a notice; an answer that came twice would make it three.
    for (const member of members) expect(system.wecomApi.list(member).length).toBeLessThanOrEqual(2);
  }, 60_000);

  test("a server that is killed in mid-answer and comes back: the answer is begun again, and ends", async () => {
    const slow = await startPeer(1, ["--ignore-eos", "-n", "3000"]);
    const other = await startSystem({ modelUrl: slow.url });
    const reader = other.client(await other.signIn("reader"));
    const { jobId } = await reader.api.chat.send.mutate({ text: "讲很久", idempotencyKey: "k" });
    const job = watchJob(reader, jobId);
    await until("it speaks", () => job.text().length > 0, 20_000);
    await slow.stop();
    await until("the user is told", () => job.events.some(({ t }) => t === "reset"), 20_000);
    const back = await startPeer(1, ["--ignore-eos", "-n", "32"], slow.port);
    await job.completed;
    expect(job.faults).toEqual([]);
    expect(job.end()).toMatchObject({ t: "done", text: job.text() });
    await other.stop();
    await back.stop();
  }, 90_000);
});
