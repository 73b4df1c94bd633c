import type { AgentPresence } from "../../contract/presence.ts";
import { agentOf } from "../../contract/identifiers.ts";
import { isFinal } from "../jobs/job-record.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { Links } from "../link/links.ts";
import type { Feed } from "../users/feed.ts";
import type { ChannelConversation } from "./conversation.ts";
import { TEXTS } from "./texts.ts";

export interface CommandContext {
  /** The name of the channel that the commands come in by. */
  channel: string;
  conversation: ChannelConversation;
  feed: Feed;
  jobs: JobStore;
  links: Links;
}

/**
 * Does a command and returns the answer, empty when the end of a job says it all. `key` names the message, so that a
 * repeat does the same thing again.
 */
type Command = (context: CommandContext, userId: string, key: string) => Promise<string>;

const COMMANDS: Readonly<Record<string, Command>> = {
  "/help": () => Promise.resolve(TEXTS.help),
  "/new": async ({ conversation }, userId, key) => {
    await conversation.begin(userId, key);
    return TEXTS.newConversation;
  },
  "/status": showStatus,
  "/cancel": cancelNewest,
};

/** The same by their Chinese names. */
const ALIASES: Readonly<Record<string, string>> = {
  "/帮助": "/help",
  "/新会话": "/new",
  "/状态": "/status",
  "/取消": "/cancel",
};

/** The answer to a message that is a command (empty: none is needed); undefined for any other text. */
export async function runCommand(
  context: CommandContext,
  userId: string,
  text: string,
  key: string,
): Promise<string | undefined> {
  // A path or a comment such as "//" is no command.
  const [, word] = /^([/／][\p{L}]+)(?:\s|$)/u.exec(text.trim()) ?? [];
  if (word === undefined) return undefined;
  const name = word.replace("／", "/").toLowerCase();
  const command = COMMANDS[ALIASES[name] ?? name];
  return command ? await command(context, userId, key) : TEXTS.unknownCommand(word);
}

async function showStatus(
  { conversation, feed, jobs, links }: CommandContext,
  userId: string,
): Promise<string> {
  const presence = await links.presence(agentOf(await conversation.current(userId)));
  const found = await Promise.all((await feed.openJobs(userId)).map((jobId) => jobs.find(jobId)));
  const open = found.filter((job) => job && !isFinal(job.status));
  const running = open.filter((job) => job?.status === "running").length;
  return [
    ...presenceLines(presence),
    `你的任务：${running} 个进行中，${open.length - running} 个等待中`,
  ].join("\n");
}

function presenceLines({
  id,
  online,
  modelReady,
  model,
  running = 0,
  slots = 0,
  waiting = 0,
}: AgentPresence): string[] {
  if (!online) return [`智能体 ${id}：不在线，消息会排队等待`];
  if (modelReady === false) return [`智能体 ${id}：在线，但模型服务暂时不可用`];
  const queue = waiting > 0 ? `，另有 ${waiting} 个排队` : "";
  return [`智能体 ${id}：在线`, `模型：${model ?? "未知"}`, `负载：${running}/${slots}${queue}`];
}

async function cancelNewest({ channel, feed, jobs, links }: CommandContext, userId: string): Promise<string> {
  for (const jobId of await feed.openJobs(userId)) {
    const outcome = await jobs.cancel(jobId);
    if (outcome === "cancelled") {
      // The end of a job from here is told as its answer; it is not to be said twice.
      const isFromHere = (await jobs.find(jobId))?.channel === channel;
      return isFromHere ? "" : TEXTS.cancelled;
    }
    if (outcome === "cancelling") {
      const { online } = await links.presence(agentOf(jobId));
      return online ? TEXTS.cancelling : TEXTS.cancelWhenOnline;
    }
  }
  return TEXTS.nothingToCancel;
}
