import { Hono } from "hono";
import { log, startGatewayParts } from "../test/gateway-parts.ts";
import type { AgentPresence } from "../src/contract/presence.ts";
import type { ReplyEvent } from "../src/contract/reply-event.ts";
import { agentOf } from "../src/contract/identifiers.ts";
import { followJobChanges } from "../src/gateway/jobs/job-changes.ts";
import { pushEvents } from "../src/gateway/jobs/push-events.ts";
import type { Links } from "../src/gateway/link/links.ts";
import { agentKeys } from "../src/gateway/redis/keys.ts";
import { openTasks } from "../src/gateway/tasks/tasks.ts";
import { openChat } from "../src/gateway/users/chat.ts";
import { openFeed } from "../src/gateway/users/feed.ts";
import { openUsers } from "../src/gateway/users/users.ts";
import { openWecomChannel } from "../src/gateway/wecom/channel.ts";
import { until } from "./wecom-sending.ts";
import { startWecomApi } from "./wecom-api.ts";
import { openCallbackSender } from "./wecom-callback.ts";

const APP = {
  corpId: "ww-corp",
  secret: "S3cret",
  agentId: "1000002",
  token: "callbackToken",
  aesKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
};
const AGENT_IDS = ["a1", "b2"];
const EPOCH = 7;

/** The WeCom channel on a real Redis between the halves of the WeCom stand-in; what the agent does is told by the test. */
export type WecomChannelUnderTest = Awaited<ReturnType<typeof openWecomChannelForTests>>;

export async function openWecomChannelForTests() {
  const parts = await startGatewayParts();
  const { redis, hub, restarts, jobs } = parts;
  const wecom = await startWecomApi({ ...APP, agentId: Number(APP.agentId) });
  for (const id of AGENT_IDS) await redis.set(agentKeys(id).epoch, EPOCH);

  const away = new Set<string>();
  const presence = (id: string): AgentPresence => ({ id, online: !away.has(id), modelReady: true });
  const links = { presence: (id: string) => Promise.resolve(presence(id)) } as unknown as Links;
  const users = openUsers(redis, AGENT_IDS);
  const feed = openFeed(redis, hub, restarts);
  const calls = { client: noAgent, follow: noAgent, answer: noAgent };
  const services = { redis, restarts, jobs, users, feed, calls, agentIds: AGENT_IDS, log };
  const tasks = openTasks({ ...services, maxOpen: 20 });
  const bindings = { newCode: () => Promise.resolve("too-many" as const), bind: noAgent, run: noAgent };

  const openChannel = (gatewayId: string) =>
    openWecomChannel({
      config: { ...APP, apiBase: wecom.url },
      ...services,
      hub,
      bindings,
      chat: openChat(services),
      tasks,
      links,
      gatewayId,
    });
  const channel = openChannel("g1");
  const app = new Hono().route("/wecom", channel.callback);
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: app.fetch });
  const sender = openCallbackSender({ ...APP, callbackUrl: `${server.url.href}wecom` });

  let running = start();
  function start() {
    const stop = new AbortController();
    const { signal } = stop;
    const changes = AGENT_IDS.map((agentId) =>
      followJobChanges({
        redis,
        hub,
        restarts,
        agentId,
        gatewayId: "g1",
        log,
        signal,
        async listener(job, status, atMs) {
          if (job.kind !== "task") await channel.jobChanged(job, status);
          else {
            const change = await tasks.changed(job, status, atMs);
            if (change) await channel.taskChanged(change);
          }
        },
      }),
    );
    return { stop, done: Promise.all([channel.run(signal), ...changes]) };
  }

  return {
    redis,
    wecom,
    sender,
    tasks,
    users,
    away,
    /** A member writes. */
    say: async (member: string, text: string) => {
      const { delivered } = await sender.sendText(member, text);
      if (!delivered) throw new Error("the callback was not taken");
    },
    /** A member presses a button of the newest message that has it; `by`: somebody else sends the event. */
    async press(member: string, key: string, by = member, options: { createTime?: number } = {}) {
      const fields = wecom
        .list(member)
        .toReversed()
        .filter(({ msgtype }) => msgtype === "template_card")
        .map(({ id }) => wecom.press(id, key))
        .find((found) => found !== undefined);
      if (!fields) throw new Error(`no card of ${member} has a button ${key}`);
      await sender.sendEvent(by, "template_card_event", fields, options);
      return fields;
    },
    /** The agent tells of a job's next events. */
    async agentSays(jobId: string, ...events: ReplyEvent[]) {
      const from = Number(await redis.hget(agentKeys(agentOf(jobId)).job(jobId), "next"));
      await pushEvents(redis, { id: agentOf(jobId), epoch: EPOCH }, { jobId, from, events });
    },
    /** The task of a member with that number. */
    async taskOf(member: string, number = 1) {
      const task = await tasks.byNumber(await users.identify("wecom", member), number);
      if (!task) throw new Error(`${member} has no task ${number}`);
      return task;
    },
    /** What a member sees: texts, and cards as “title｜state｜note｜buttons”. */
    seen: (member: string) =>
      wecom
        .list(member)
        .map(({ msgtype, content }) => (msgtype === "template_card" ? cardLine(content) : plain(content))),
    until,
    async stopRunning() {
      running.stop.abort();
      await running.done;
    },
    startRunning: () => (running = start()),
    async close() {
      running.stop.abort();
      await running.done;
      await server.stop(true);
      await wecom.stop();
      await parts.stop();
    },
  };
}

function noAgent(): never {
  throw new Error("no agent is asked here");
}

function plain(text: string): string {
  return text.replaceAll(/[\u200B\u200C]/g, "");
}

function cardLine(json: string): string {
  const card = JSON.parse(json) as {
    source: { desc: string };
    main_title: { title: string };
    sub_title_text?: string;
    button_list: { text: string }[];
  };
  const buttons = card.button_list.map(({ text }) => text).join(" ");
  return [card.main_title.title, card.source.desc, card.sub_title_text ?? "", buttons].join("｜");
}
