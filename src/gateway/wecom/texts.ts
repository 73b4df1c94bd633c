/** What the app says to members by itself. */
export const TEXTS = {
  welcome:
    "你好，我是「智控未来」，在公司自己的服务器上运行的智能助手，你说的话不会离开公司。\n\n直接发文字就可以和我对话，发送 /help 查看全部命令。",
  help: [
    "直接发文字即可提问，我会记住同一会话里的上下文。",
    "",
    "/new　开始新的会话",
    "/status　查看智能体和任务的状态",
    "/cancel　取消正在进行的回答",
    "/help　显示这份说明",
  ].join("\n"),
  unknownCommand: (command: string) => `没有 ${command} 这个命令，发送 /help 查看可用的命令。`,
  newConversation: "已开始新的会话，之前的内容不会再作为上下文。",
  cancelled: "已取消。",
  cancelling: "正在取消，请稍候。",
  cancelWhenOnline: "智能体当前不在线，恢复连接后会立即取消。",
  nothingToCancel: "没有正在进行的回答。",
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
