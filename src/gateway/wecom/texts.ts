import { excerpt } from "../../excerpt.ts";

/** Enough to see what was mistyped. */
const COMMAND_SHOWN_CHARS = 20;

/** What the app says to members by itself. */
export const TEXTS = {
  welcome:
    "你好，我是「智控未来」。我用公司自己的模型回答，会话保存在公司的机器上。\n\n直接发文字就可以和我对话，发送 /help 查看全部命令。",
  help: [
    "直接发文字即可提问，我会记住同一会话里的上下文。",
    "",
    "对话",
    "/new　开始新的会话",
    "/cancel　取消最近一个还没完成的回答；没有就取消最近的任务",
    "/status　查看智能体、自己的回答和任务的状态",
    "",
    "任务：交给我慢慢做，做完会通知你",
    "/task 内容　提交一个任务",
    "/tasks　查看最近的任务",
    "/cancel 编号　取消任务",
    "/retry 编号　重试任务",
    "",
    "设置",
    "/agent　查看或选择智能体",
    "/bind　与小程序里的账号绑定",
    "/help　显示这份说明",
    "",
    "也可以用中文：/新会话 /取消 /状态 /任务 /任务列表 /重试 /智能体 /绑定 /帮助",
  ].join("\n"),
  unknownCommand: (command: string) =>
    `没有 ${excerpt(command, COMMAND_SHOWN_CHARS)} 这个命令，发送 /help 查看可用的命令。`,
  newConversation: "已开始新的会话，之前的内容不会再作为上下文。",
  cancelled: (name: string) => `${name}已取消。`,
  cancelling: (name: string) => `正在取消${name}，请稍候。`,
  cancelWhenOnline: (name: string) => `智能体当前不在线，恢复连接后会立即取消${name}。`,
  nothingToCancel: "没有正在进行的回答或任务。",
  overBeforeCancel: (name: string) => `${name}刚刚已经结束，没有取消。`,
  taskUsage: "请在 /task 后面写上要做的事，例如：\n/task 把上周的会议记录整理成一页要点",
  taskList: (lines: readonly string[], hasMore: boolean) =>
    [
      "最近的任务（编号　状态　标题）：",
      ...lines,
      "",
      hasMore ? "只列出最近的，更早的没有列出。" : "",
      "发送 /cancel 编号 取消，/retry 编号 重试。",
    ]
      .filter((line, at, all) => line !== "" || all[at - 1] !== "")
      .join("\n"),
  noTasks: "你还没有任务。发送 /task 内容 提交一个。",
  noSuchTask: (number: number) => `没有编号是 ${number} 的任务，发送 /tasks 查看你的任务。`,
  numberNeeded: (command: string) => `请写上任务的编号，例如：${command} 1\n发送 /tasks 查看编号。`,
  taskOver: (name: string, status: string) => `${name}已经结束（${status}），不需要取消。`,
  taskFailed: (name: string, reason: string) => `${name}失败：${reason}`,
  taskRetried: (name: string) => `${name}已重新开始。`,
  taskStillGoing: (name: string) => `${name}还在进行，结束之后才能重试。`,
  agentList: (lines: readonly string[]) => ["智能体（编号　名称　状态）：", ...lines].join("\n"),
  howToChooseAgent: "发送 /agent 编号 选择，之后的消息和任务都交给它。",
  noSuchAgent: "没有这个智能体，发送 /agent 查看可以选择的。",
  agentChosen: (id: string) => `已选择智能体 ${id}，之后的消息和任务都交给它，从新的会话开始。`,
  agentKept: (id: string) => `现在用的就是智能体 ${id}。`,
  agentAway: "它当前不在线，你的消息和任务会排队等它恢复连接。",
  bindingCode: (code: string, minutes: number) =>
    `绑定码：${code}\n\n请在 ${minutes} 分钟内到小程序里输入这个绑定码。绑定之后，两边的会话和任务就是同一份。\n\n绑定码只能用一次，请不要告诉别人。`,
  tooManyCodes: "你申请绑定码太频繁了，请一小时后再试。",
  queuedOffline: "智能体当前不在线，你的消息已经排队，恢复后会自动回答。",
  queuedModelDown: "模型服务暂时不可用，你的消息已经收到，恢复后会自动回答。",
  thinking: "正在思考，请稍候……",
  tooLong: "消息太长了，请分成几条发送。",
  unsupported: (kind: string) => `收到了你的${kind}，不过我目前只能读懂文字。请用文字告诉我你的问题。`,
  failed: (message: string) => `没能完成回答：${message}`,
  cutOff: "（以上是中断之前的内容）",
} as const;

/** Names of message types that carry no text (developer.work.weixin.qq.com/document/path/90239). */
const KINDS: Readonly<Record<string, string>> = {
  image: "图片",
  voice: "语音",
  video: "视频",
  file: "文件",
  location: "位置",
  link: "链接",
};

export function kindName(msgType: string): string {
  return KINDS[msgType] ?? "消息";
}
