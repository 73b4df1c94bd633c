import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { CardPress } from "./wecom-cards.ts";
import { type DeliveryOutcome, openMembers, type SentMessage } from "./wecom-delivery.ts";

export type { SentMessage } from "./wecom-delivery.ts";

/** What became of one call of the API. */
export interface ApiCall {
  /** The path after /cgi-bin/. */
  api: string;
  at: number;
  /** The JSON of a POST. */
  body: Record<string, unknown>;
  /** Undefined when the caller got no regular answer. */
  errcode: number | undefined;
  outcome: DeliveryOutcome | "updated" | "token" | "app" | "member" | "refused" | "fault";
}

/**
 * A wrong answer: an errcode (with its usual errmsg or another; 0 reaches nobody, with an `invaliduser`), or no regular
 * answer at all. The `deliver-then-…` faults do what was asked, but the caller never learns of it.
 */
export type Fault =
  | number
  | { errcode: number; errmsg: string }
  | "http-500"
  | "html"
  | "hang"
  | "reset"
  | "deliver-then-hang"
  | "deliver-then-reset"
  | "deliver-then-http-500";

export interface WecomApiStandIn {
  readonly url: string;
  /** Everything delivered, in order. */
  sent(): SentMessage[];
  list(member: string): SentMessage[];
  /** Tells of each delivery, and of a card again when it is changed; returns how to stop that. */
  onSent(listener: (message: SentMessage) => void): () => void;
  /**
   * Whose card it is presses a button of it: what WeCom then tells the app (a `template_card_event`, each with a new
   * response_code). Undefined when the message is no card, or has no such button (any more).
   */
  press(messageId: string, key: string): CardPress | undefined;
  /** Every call, refused and broken off ones included. */
  calls(api?: string): ApiCall[];
  /** The next `times` calls (of that API, default message/send; for that member) go wrong in this way. */
  failNext(fault: Fault, times?: number, match?: { api?: string; member?: string }): void;
  /** Faults not yet used up are forgotten. */
  failNoMore(): void;
  /** From now on the member does not exist for this app. */
  rejectMember(member: string): void;
  /** Ends the current access_token: `expired` answers 42001, `revoked` 40014. */
  endToken(how: "expired" | "revoked"): void;
  stop(): Promise<void>;
}

const TOKEN_SECONDS = 7_200;
const ERRMSG: Record<number, string> = {
  [-1]: "system busy",
  40001: "invalid credential",
  40013: "invalid corpid",
  40014: "invalid access_token",
  40029: "invalid code",
  41001: "access_token missing",
  42001: "access_token expired",
  45009: "api freq out of limit",
  47001: "data format error",
  60020:
    "not allow to access from your ip, hint: [1700000000123456789], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/devtool/query?e=60020",
};

interface Reply {
  errcode: number;
  errmsg: string;
  outcome: ApiCall["outcome"];
  [field: string]: unknown;
}

/**
 * The half of the WeCom platform that receives API calls (gettoken, message/send, message/update_template_card,
 * miniprogram/jscode2session), behaving as its documents say. A sign-in code `member-<userid>` belongs to that member,
 * `stranger-<userid>` to a member of another corp; both work as often as one likes.
 */
export async function startWecomApi(options: {
  port?: number;
  corpId: string;
  secret: string;
  agentId: number;
  /** The platform's clock (ms), so that tests can let time pass. */
  now?: () => number;
}): Promise<WecomApiStandIn> {
  const { now = Date.now } = options;
  const members = openMembers({ agentId: options.agentId, now });
  const tokens = openTokens({ ...options, now });
  const calls: ApiCall[] = [];
  let faults: { fault: Fault; left: number; api: string; member: string | undefined }[] = [];

  function answerTo(api: string, query: URLSearchParams, body: Record<string, unknown>): Reply {
    if (api === "gettoken") return tokens.give(query);
    const refused = tokens.check(query.get("access_token"));
    if (refused) return refused;
    if (api === "agent/get") return describeApp(query.get("agentid"));
    if (api === "miniprogram/jscode2session") return describeMember(query.get("js_code"));
    if (api === "message/send") return members.send(body);
    return api === "message/update_template_card" ? members.update(body) : refuse(40066, "invalid url");
  }

  function describeApp(agentId: string | null): Reply {
    if (agentId !== String(options.agentId)) return refuse(301002);
    const app = { agentid: options.agentId, name: "智控未来", close: 0, allow_partys: { partyid: [1] } };
    return { errcode: 0, errmsg: "ok", outcome: "app", ...app };
  }

  function describeMember(code: string | null): Reply {
    const [, whose, userid] = /^(member|stranger)-([\w.@-]+)$/.exec(code ?? "") ?? [];
    if (userid === undefined) return refuse(40029);
    const corpid = whose === "member" ? options.corpId : `${options.corpId}-other`;
    const session = { corpid, userid, session_key: "c2Vzc2lvbi1rZXktMTIzNA==" };
    return { errcode: 0, errmsg: "ok", outcome: "member", ...session };
  }

  function takeFault(api: string, member: unknown): Fault | undefined {
    const fits = (f: (typeof faults)[number]) =>
      f.left > 0 && f.api === api && (f.member === undefined || f.member === member);
    const found = faults.find(fits);
    if (found) found.left -= 1;
    return found?.fault;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://stand-in");
    const api = url.pathname.replace(/^\/cgi-bin\//, "");
    const body = parseBody(await readText(request));
    const [member] = Array.isArray(body?.["userids"]) ? (body["userids"] as unknown[]) : [];
    const fault = takeFault(api, body?.["touser"] ?? member);
    const call: ApiCall = { api, at: now(), body: body ?? {}, errcode: undefined, outcome: "fault" };
    calls.push(call);
    if (typeof fault === "string") {
      if (fault.startsWith("deliver-then"))
        call.outcome = answerTo(api, url.searchParams, body ?? {}).outcome;
      breakOff(fault, request, response);
      return;
    }
    const reply = wrongReply(fault) ?? (body ? answerTo(api, url.searchParams, body) : refuse(47001));
    const { outcome, ...answer } = reply;
    Object.assign(call, { errcode: answer.errcode, outcome });
    response.setHeader("content-type", "application/json; charset=UTF-8").end(JSON.stringify(answer));
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");

  return {
    url: `http://127.0.0.1:${address.port}`,
    sent: members.all,
    list: members.list,
    onSent: members.onSent,
    press: members.press,
    calls: (api) => calls.filter((call) => api === undefined || call.api === api),
    failNext(fault, times = 1, match = {}) {
      faults.push({ fault, left: times, api: match.api ?? "message/send", member: match.member });
    },
    failNoMore: () => (faults = []),
    rejectMember: members.reject,
    endToken: tokens.end,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The access_tokens of one app: the same one is given again while it is valid. */
function openTokens(app: { corpId: string; secret: string; now: () => number }) {
  const { corpId, secret, now } = app;
  const ended = new Map<string, "expired" | "revoked">();
  let token: { value: string; until: number } | undefined;
  return {
    give(query: URLSearchParams): Reply {
      if (query.get("corpid") !== corpId) return refuse(40013);
      if (query.get("corpsecret") !== secret) return refuse(40001);
      if (!token || token.until <= now() || ended.has(token.value))
        token = { value: `token-${randomUUID()}`, until: now() + TOKEN_SECONDS * 1_000 };
      const left = Math.ceil((token.until - now()) / 1_000);
      return { errcode: 0, errmsg: "ok", outcome: "token", access_token: token.value, expires_in: left };
    },
    check(given: string | null): Reply | undefined {
      if (given === null || given === "") return refuse(41001);
      if (ended.get(given) === "expired") return refuse(42001);
      if (given !== token?.value || ended.has(given)) return refuse(40014);
      return token.until <= now() ? refuse(42001) : undefined;
    },
    end(how: "expired" | "revoked"): void {
      if (token) ended.set(token.value, how);
    },
  };
}

function refuse(errcode: number, errmsg = ERRMSG[errcode] ?? `error ${errcode}`): Reply {
  return { errcode, errmsg, outcome: "refused" };
}

function wrongReply(fault: Exclude<Fault, string> | undefined): Reply | undefined {
  if (fault === undefined) return undefined;
  if (typeof fault === "object") return refuse(fault.errcode, fault.errmsg);
  if (fault === 0) return { errcode: 0, errmsg: "ok", invaliduser: "somebody", outcome: "refused" };
  return refuse(fault);
}

function breakOff(fault: string, request: IncomingMessage, response: ServerResponse): void {
  if (fault.endsWith("reset")) request.socket.destroy();
  else if (fault.endsWith("http-500")) response.writeHead(500).end("internal error");
  else if (fault === "html")
    response.writeHead(200, { "content-type": "text/html" }).end("<html>502 Bad Gateway</html>");
  // "hang": never an answer
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString("utf8");
}

/** An empty body counts as an empty object (GET); undefined is not a JSON object. */
function parseBody(text: string): Record<string, unknown> | undefined {
  if (text === "") return {};
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
