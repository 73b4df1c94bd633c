import type { AgentPresence } from "../../contract/presence.ts";
import { agentOf } from "../../contract/identifiers.ts";
import { isFinal, type JobRecord } from "../jobs/job-record.ts";
import { agent } from "./agent-command.ts";
import { bind } from "./bind-command.ts";
import { cancel } from "./cancel-command.ts";
import type { Command, CommandContext, Said } from "./command.ts";
import { createTask, listTasks, retryTask } from "./task-commands.ts";
import { TEXTS } from "./texts.ts";

const COMMANDS: Readonly<Record<string, Command>> = {
  "/help": () => Promise.resolve(TEXTS.help),
  "/new": async ({ conversation }, { userId, key }) => {
    await conversation.begin(userId, key);
    return TEXTS.newConversation;
  },
  "/status": showStatus,
  "/cancel": cancel,
  "/task": createTask,
  "/tasks": listTasks,
  "/retry": retryTask,
  "/agent": agent,
  "/bind": bind,
};

/** The same by their Chinese names. */
const ALIASES: Readonly<Record<string, string>> = {
  "/帮助": "/help",
  "/新会话": "/new",
  "/状态": "/status",
  "/取消": "/cancel",
  "/任务": "/task",
  "/任务列表": "/tasks",
  "/重试": "/retry",
  "/智能体": "/agent",
  "/绑定": "/bind",
};

/**
 * A command's name, then nothing, or something after a space, or a number right after it (`/取消12`). A path or a comment
 * such as "//" is no command.
 */
const COMMAND = /^([/／]\p{L}+)(?:\s+([^]*)|([#\d０-９]+号?))?$/u;

/** The answer to a message that is a command (empty: none is needed); undefined for any other text. */
export async function runCommand(
  context: CommandContext,
  text: string,
  said: Omit<Said, "rest">,
): Promise<string | undefined> {
  const [, word, rest, number] = COMMAND.exec(text.trim()) ?? [];
  if (word === undefined) return undefined;
  const name = word.replace("／", "/").toLowerCase();
  const command = COMMANDS[ALIASES[name] ?? name];
  if (!command) return TEXTS.unknownCommand(word);
  return await command(context, { ...said, rest: rest ?? number ?? "" });
}

async function showStatus(
  { conversation, feed, jobs, links }: CommandContext,
  { userId }: Said,
): Promise<string> {
  const presence = await links.presence(agentOf(await conversation.current(userId)));
  const found = await Promise.all((await feed.openJobs(userId)).map((jobId) => jobs.find(jobId)));
  const open = found.filter((job) => job !== undefined).filter(({ status }) => !isFinal(status));
  return [
    ...presenceLines(presence),
    countLine(
      "你的回答",
      open.filter(({ kind }) => kind === "turn"),
    ),
    countLine(
      "你的任务",
      open.filter(({ kind }) => kind === "task"),
    ),
  ].join("\n");
}

function countLine(what: string, open: readonly JobRecord[]): string {
  const running = open.filter(({ status }) => status === "running").length;
  return `${what}：${running} 个进行中，${open.length - running} 个等待中`;
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
