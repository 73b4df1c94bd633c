import * as v from "valibot";
import type { RedisClient } from "../redis/connect.ts";
import { openAccessToken, type FetchedToken } from "./access-token.ts";
import { noAnswer, refusedByWecom, WecomApiError } from "./api-error.ts";

/** WeCom answers within a second; past this it is taken for silent. */
const ANSWER_TIMEOUT_MS = 10_000;
/** WeCom silently cuts text and markdown here (path/90236); such a message is refused before it is sent. */
export const CONTENT_MAX_BYTES = 2_048;
/** WeCom's answers to the token that was given: illegal, expired (path/91039). */
const TOKEN_REFUSED = new Set([40014, 42001]);
/** What WeCom allows as a userid; above all neither `@all` nor `|`, which would send to others. */
const MEMBER = /^[A-Za-z0-9][\w.@-]{0,63}$/;
const ERRMSG_SHOWN = 200;

export type TextType = "text" | "markdown";
export type MessageType = TextType | "template_card";

export interface AppMessage {
  /** The userid of one member. */
  member: string;
  type: MessageType;
  /** At most CONTENT_MAX_BYTES of UTF-8; of a card its JSON. */
  content: string;
  /** WeCom swallows a message with equal content to the same member for so long; at most 4 h. */
  duplicateCheckSeconds: number;
}

export interface CardUpdate {
  /** The member whose card it is. */
  member: string;
  /** From message/send or the newest press of a button; usable once, for 72 hours (path/94888). */
  responseCode: string;
  /** What the card becomes, as JSON. */
  content: string;
}

/** What an app sends by WeCom's server-side API. A refusal or silence is a WecomApiError, which never holds a secret or token. */
export interface WecomMessages {
  /** Sends a message to a member; returns WeCom's id of it and, for a card, what updates it. */
  sendMessage(
    message: AppMessage,
    signal: AbortSignal,
  ): Promise<{ messageId: string; responseCode?: string }>;
  /** Changes a card that was sent. Refused with a code of WeCom's choice when the response_code cannot be used. */
  updateCard(update: CardUpdate, signal: AbortSignal): Promise<void>;
}

/** All that is asked of WeCom's server-side API, as one app; errors as above. */
export interface WecomApi extends WecomMessages {
  /**
   * Whom a code of `wx.qy.login` belongs to: a userid, as callbacks name it, in that corp. Refused with 40029 when the code
   * is wrong, used or too old.
   */
  memberOf(code: string, signal: AbortSignal): Promise<{ corpId: string; member: string }>;
}

interface Call {
  path: string;
  query: Record<string, string>;
  init: RequestInit;
}

const Answer = v.looseObject({ errcode: v.number(), errmsg: v.optional(v.string(), "") });
type Answer = v.InferOutput<typeof Answer>;
const TokenAnswer = v.object({ access_token: v.pipe(v.string(), v.minLength(1)), expires_in: v.number() });
const SendAnswer = v.object({
  msgid: v.fallback(v.string(), ""),
  invaliduser: v.fallback(v.string(), ""),
  unlicenseduser: v.fallback(v.string(), ""),
  response_code: v.fallback(v.string(), ""),
});
/** https://developer.work.weixin.qq.com/document/path/91507; the session_key is not needed, and is not kept. */
const CodeAnswer = v.object({
  corpid: v.pipe(v.string(), v.minLength(1)),
  userid: v.pipe(v.string(), v.regex(MEMBER)),
});

export function openWecomApi(options: {
  redis: RedisClient;
  apiBase: string;
  corpId: string;
  secret: string;
  agentId: number;
  answerTimeoutMs?: number;
}): WecomApi {
  const { redis, apiBase, corpId, secret, agentId, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  const accessToken = openAccessToken({ redis, credentials: [apiBase, corpId, secret], fetchToken });

  async function fetchToken(): Promise<FetchedToken> {
    const query = new URLSearchParams({ corpid: corpId, corpsecret: secret });
    const answer = await request(`gettoken?${query.toString()}`, {}, AbortSignal.timeout(answerTimeoutMs));
    if (answer.errcode !== 0) throw refused(answer, [secret]);
    const parsed = v.safeParse(TokenAnswer, answer);
    if (!parsed.success) throw noAnswer("应答里没有 access_token");
    return { token: parsed.output.access_token, expiresInSeconds: parsed.output.expires_in };
  }

  function post(path: string, body: object, signal: AbortSignal): Promise<Answer> {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    };
    return callWithToken({ path, query: {}, init }, signal);
  }

  /** Calls with the access_token; once more with a new one when WeCom does not take it. */
  async function callWithToken(call: Call, signal: AbortSignal): Promise<Answer> {
    const token = await accessToken.get(signal);
    const first = await callWith(token, call, signal);
    if (!TOKEN_REFUSED.has(first.errcode)) return accepted(first, call, token);
    await accessToken.drop(token);
    const fresh = await accessToken.get(signal);
    return accepted(await callWith(fresh, call, signal), call, fresh);
  }

  function callWith(token: string, { path, query, init }: Call, signal: AbortSignal): Promise<Answer> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]);
    const parameters = new URLSearchParams({ access_token: token, ...query });
    return request(`${path}?${parameters.toString()}`, init, limit);
  }

  function accepted(answer: Answer, { query }: Call, token: string): Answer {
    if (answer.errcode !== 0) throw refused(answer, [secret, token, ...Object.values(query)]);
    return answer;
  }

  async function request(path: string, init: RequestInit, signal: AbortSignal): Promise<Answer> {
    let response: { status: number; text: string };
    try {
      const reply = await fetch(`${apiBase}/cgi-bin/${path}`, { ...init, redirect: "manual", signal });
      response = { status: reply.status, text: await reply.text() };
    } catch (error) {
      // Only the code: the error itself carries the URL, and with it the secret or the token.
      throw noAnswer(signal.aborted ? "超时或已中止" : codeOf(error));
    }
    if (response.status >= 500) throw noAnswer(`HTTP ${response.status}`);
    const answer = parseAnswer(response.text);
    if (!answer) throw noAnswer(`HTTP ${response.status}，内容不是企业微信的应答`);
    return answer;
  }

  return {
    async sendMessage(message, signal) {
      const { member, type, content, duplicateCheckSeconds } = message;
      if (!MEMBER.test(member)) throw refusedByWecom(40003, "");
      const isCard = type === "template_card";
      if (!isCard && Buffer.byteLength(content) > CONTENT_MAX_BYTES) throw refusedByWecom(45002, "");
      const body = {
        touser: member,
        msgtype: type,
        agentid: agentId,
        [type]: isCard ? (JSON.parse(content) as unknown) : { content },
        enable_duplicate_check: 1,
        duplicate_check_interval: duplicateCheckSeconds,
      };
      const sent = v.parse(SendAnswer, await post("message/send", body, signal));
      if (sent.invaliduser !== "") throw refusedByWecom(81013, "");
      if (sent.unlicenseduser !== "")
        throw new WecomApiError("recipient", "成员没有企业微信的接口许可，或许可已过期", { code: 0 });
      const { msgid: messageId, response_code: responseCode } = sent;
      return { messageId, ...(responseCode === "" ? {} : { responseCode }) };
    },

    async updateCard({ member, responseCode, content }, signal) {
      if (!MEMBER.test(member)) throw refusedByWecom(40003, "");
      const body = {
        userids: [member],
        agentid: agentId,
        response_code: responseCode,
        template_card: JSON.parse(content) as unknown,
      };
      await post("message/update_template_card", body, signal);
    },

    async memberOf(code, signal) {
      const query = { js_code: code, grant_type: "authorization_code" };
      const answer = await callWithToken({ path: "miniprogram/jscode2session", query, init: {} }, signal);
      const parsed = v.safeParse(CodeAnswer, answer);
      if (!parsed.success) throw noAnswer("应答里没有 corpid 和 userid");
      return { corpId: parsed.output.corpid, member: parsed.output.userid };
    },
  };
}

function parseAnswer(text: string): Answer | undefined {
  try {
    const parsed = v.safeParse(Answer, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

/** WeCom's errmsg may repeat what it was given. */
function refused(answer: Answer, secrets: readonly string[]): WecomApiError {
  const spellings = secrets.flatMap((secret) => [secret, encodeURIComponent(secret)]);
  const clean = spellings.reduce((text, secret) => text.replaceAll(secret, "***"), answer.errmsg);
  return refusedByWecom(answer.errcode, clean.slice(0, ERRMSG_SHOWN));
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "网络错误";
}
