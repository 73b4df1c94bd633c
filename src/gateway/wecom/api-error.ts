/**
 * What went wrong with a call of WeCom, told apart by what to do about it:
 * - `configuration`: an administrator must act; what was to be sent waits.
 * - `recipient`, `content`: this message can never be sent.
 * - `busy`: refused for now; the message did not go out.
 * - `no-answer`: network, timeout, HTTP 5xx or not JSON; the message MAY have gone out.
 * - `unknown`: a code that is not in the table below; the message did not go out.
 */
export type WecomErrorKind = "configuration" | "recipient" | "content" | "busy" | "no-answer" | "unknown";

/** The message is Chinese and for the log or an administrator; it holds neither the secret nor a token. */
export class WecomApiError extends Error {
  readonly kind: WecomErrorKind;
  /** WeCom's errcode; undefined when there was no answer. */
  readonly code: number | undefined;
  /** The next call would fail in the same way, whoever it is for. */
  readonly concernsEveryone: boolean;
  /** The address that WeCom saw us at, when it says so. */
  readonly ip: string | undefined;

  constructor(
    kind: WecomErrorKind,
    message: string,
    about: { code?: number; concernsEveryone?: boolean; ip?: string | undefined } = {},
  ) {
    super(message);
    this.name = "WecomApiError";
    this.kind = kind;
    this.code = about.code;
    this.concernsEveryone = about.concernsEveryone ?? false;
    this.ip = about.ip;
  }
}

interface Meaning {
  kind: Exclude<WecomErrorKind, "no-answer" | "unknown">;
  message: string;
  concernsEveryone?: true;
}

const configuration = (message: string): Meaning => ({
  kind: "configuration",
  message,
  concernsEveryone: true,
});
const busy = (message: string): Meaning => ({ kind: "busy", message });
const tooOften = (message: string): Meaning => ({ kind: "busy", message, concernsEveryone: true });
const recipient = (message: string): Meaning => ({ kind: "recipient", message });
const content = (message: string): Meaning => ({ kind: "content", message });

const WRONG_SECRET =
  "企业微信不认 wecom.secret：请到管理后台“应用管理”里该应用的页面查看 Secret，改正配置后重启网关";
const WRONG_APP =
  "wecom.agent_id 与 wecom.secret 不是同一个应用：请按管理后台该应用页面上的 AgentId 和 Secret 改正配置后重启网关";

/** From WeCom's list of global error codes (path/90313). */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  [-1]: busy("企业微信系统繁忙"),
  40001: configuration(WRONG_SECRET),
  40003: recipient("企业微信里没有这个成员"),
  40008: content("消息类型不受支持"),
  40013: configuration("企业微信不认 wecom.corp_id：请到管理后台“我的企业”查看企业 ID，改正配置后重启网关"),
  // Only after a retry with a fresh token, see api.ts.
  40014: busy("企业微信不认刚取得的 access_token"),
  40035: content("消息参数不合法"),
  40056: configuration(WRONG_APP),
  40058: content("消息参数不合法"),
  40063: content("消息参数为空"),
  40091: configuration(WRONG_SECRET),
  42001: busy("刚取得的 access_token 已经失效"),
  44004: content("消息内容为空"),
  45002: content("消息内容超过企业微信的长度限制"),
  45009: tooOften("调用企业微信接口过于频繁，需要暂停"),
  45033: tooOften("同时调用企业微信接口过多，需要暂停"),
  47001: content("消息不是有效的 JSON"),
  48002: configuration("这个应用没有调用该接口的权限：请到管理后台检查该应用的 API 权限"),
  50002: recipient("成员不在应用的权限范围内"),
  50003: configuration("应用已被停用：请到管理后台重新启用该应用"),
  60011: {
    kind: "configuration",
    message: "应用没有权限给这个成员发消息：请到管理后台把成员加入该应用的“可见范围”",
  },
  60020: configuration("网关的出口 IP 不在可信名单：请到管理后台该应用的“企业可信IP”中加入网关的公网 IP"),
  60111: recipient("企业微信里没有这个成员"),
  81013: recipient("接收人不存在，或不在应用的可见范围内"),
  301002: configuration(WRONG_APP),
};

/**
 * The error for an answer with this errcode. `errmsg` must be free of secrets; it never decides anything
 * (WeCom says that it may change), it is only shown.
 */
export function refusedByWecom(code: number, errmsg: string): WecomApiError {
  const known = MEANINGS[code];
  if (!known) return new WecomApiError("unknown", `企业微信返回错误 ${code}：${errmsg}`, { code });
  const ip = code === 60020 ? /from ip:\s*([0-9a-fA-F.:]+[0-9a-fA-F])/.exec(errmsg)?.[1] : undefined;
  const message = ip
    ? `网关的出口 IP ${ip} 不在可信名单：请到管理后台该应用的“企业可信IP”中加入 ${ip}`
    : known.message;
  return new WecomApiError(known.kind, `${message}（${code}）`, { ...known, code, ip });
}

/** The error when it is not known whether WeCom did what it was asked. */
export function noAnswer(reason: string): WecomApiError {
  return new WecomApiError("no-answer", `企业微信没有有效应答：${reason}`);
}
