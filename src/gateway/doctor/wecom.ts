import * as v from "valibot";
import { about, type Finding } from "../../doctor/finding.ts";
import { networkTrouble, within } from "../../doctor/network-trouble.ts";
import { ANSWER_TIMEOUT_MS, type Check } from "../../doctor/run-checks.ts";
import type { WecomConfig } from "../config.ts";
import { refusedByWecom } from "../wecom/api-error.ts";

const TITLE = "企业微信";
const it = about("wecom", TITLE);
/** The caller's address is not in the app's list of trusted ones. */
const IP_NOT_TRUSTED = 60020;

const Answer = v.looseObject({ errcode: v.number(), errmsg: v.optional(v.string(), "") });
type Answer = v.InferOutput<typeof Answer>;
const Token = v.object({ access_token: v.string() });
/** https://developer.work.weixin.qq.com/document/path/90227 */
const App = v.object({
  name: v.optional(v.string(), ""),
  close: v.optional(v.number(), 0),
  allow_userinfos: v.optional(v.object({ user: v.optional(v.array(v.unknown()), []) })),
  allow_partys: v.optional(v.object({ partyid: v.optional(v.array(v.unknown()), []) })),
  allow_tags: v.optional(v.object({ tagid: v.optional(v.array(v.unknown()), []) })),
});

/**
 * Gets an access_token, and with it asks for the app itself: reading it changes nothing, and only such a call shows
 * whether our address is trusted (60020). While a token is valid WeCom gives the same one again, so that a running
 * gateway is not disturbed.
 */
export function wecomCheck(options: { config: WecomConfig | undefined; timeoutMs?: number }): Check {
  const { config, timeoutMs = ANSWER_TIMEOUT_MS } = options;
  return {
    id: "wecom",
    title: TITLE,
    async run(signal) {
      return [config ? await judge(config, timeoutMs, signal) : it.ok("没有启用（[wecom] 一节是空的）")];
    },
  };
}

async function judge(config: WecomConfig, timeoutMs: number, signal: AbortSignal): Promise<Finding> {
  const { apiBase, corpId, secret, agentId } = config;
  const ask = (path: string, query: Record<string, string>) =>
    askWecom(
      `${apiBase}/cgi-bin/${path}?${new URLSearchParams(query).toString()}`,
      within(timeoutMs, signal),
    );

  const tokenReply = await ask("gettoken", { corpid: corpId, corpsecret: secret });
  if (!tokenReply.ok) return tokenReply.finding;
  const given = tokenReply.answer;
  if (given.errcode !== 0) return refused("取 access_token", given, [secret]);
  if (!v.is(Token, given))
    return it.failed("企业微信的应答里没有 access_token", "检查 wecom.api_base 是不是企业微信的地址");

  const token = given.access_token;
  const appReply = await ask("agent/get", { access_token: token, agentid: agentId });
  if (!appReply.ok) return appReply.finding;
  const app = appReply.answer;
  return app.errcode === 0 ? judgeApp(agentId, app) : refused("查询应用", app, [secret, token]);
}

function judgeApp(agentId: string, answer: Answer): Finding {
  const parsed = v.safeParse(App, answer);
  if (!parsed.success) return it.ok("取得了 access_token，出口 IP 可信");
  const { name, close, allow_userinfos, allow_partys, allow_tags } = parsed.output;
  const app = `应用${name === "" ? "" : `“${name}”`}（AgentId ${agentId}）`;
  if (close === 1) return it.failed(`${app}已被停用`, "到企业微信管理后台重新启用这个应用");
  const visible = [allow_userinfos?.user, allow_partys?.partyid, allow_tags?.tagid].map(
    (list) => list?.length,
  );
  if (visible.every((count) => count === 0))
    return it.warning(`${app}的可见范围是空的，没有成员能用`, "到管理后台该应用的“可见范围”加入成员或部门");
  return it.ok(`取得了 access_token，出口 IP 可信，${app}可以使用`);
}

/** Only what is known for certain is a failure; other codes may be about this question alone. */
function refused(what: string, { errcode, errmsg }: Answer, secrets: readonly string[]): Finding {
  const clean = secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((text, secret) => text.replaceAll(secret, "***"), errmsg);
  const { kind, message, ip } = refusedByWecom(errcode, clean.slice(0, 200));
  if (errcode === IP_NOT_TRUSTED)
    return it.failed(
      `企业微信看到的出口 IP 是${ip === undefined ? "（没有写明）" : ` ${ip}`}，不在可信名单（${errcode}）`,
      `到企业微信管理后台“应用管理”→ 这个应用 →“企业可信IP”，加入 ${ip ?? "网关的公网 IP"}。\n如果那里还不能填：先设置好“接收消息”的 URL 或“可信域名”`,
    );
  const seen = `${what}被拒绝，错误码 ${errcode}`;
  return kind === "configuration" ? it.failed(seen, message) : it.warning(seen, `${message}；请稍后再试`);
}

type Reply = { ok: true; answer: Answer } | { ok: false; finding: Finding };

async function askWecom(url: string, signal: AbortSignal): Promise<Reply> {
  let response: { status: number; text: string };
  try {
    const reply = await fetch(url, { redirect: "manual", signal });
    response = { status: reply.status, text: await reply.text() };
  } catch (error) {
    const { message, advice } = networkTrouble(error, signal);
    return { ok: false, finding: it.failed(`连不上企业微信服务器：${message}`, advice) };
  }
  const answer = parseAnswer(response.text);
  if (answer) return { ok: true, answer };
  const finding = it.failed(
    `应答不是企业微信的（HTTP ${response.status}）`,
    "检查 wecom.api_base；如果中间有代理或防火墙，请让它放过这个地址",
  );
  return { ok: false, finding };
}

function parseAnswer(text: string): Answer | undefined {
  try {
    const parsed = v.safeParse(Answer, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
