import * as v from "valibot";
import { about, type Finding } from "../../doctor/finding.ts";
import { networkTrouble, within } from "../../doctor/network-trouble.ts";
import { ANSWER_TIMEOUT_MS, type Check } from "../../doctor/run-checks.ts";
import type { MiniprogramConfig } from "../config.ts";

const TITLE = "微信小程序";
const it = about("wechat", TITLE);
/** No `wx.login` ever gives such a code: WeChat refuses it, but only after it has looked at app id and secret. */
const BOGUS_CODE = "doctor-check";

/** https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html */
const Failure = v.object({ errcode: v.number() });
const CODE_REFUSED = new Set([40029, 40163]);
const BUSY = new Set([-1, 45011]);
const WHERE = "微信公众平台（mp.weixin.qq.com）“开发管理”→“开发设置”";
const REFUSALS: Readonly<Record<number, readonly [message: string, advice: string]>> = {
  40013: ["微信不认 miniprogram.app_id（40013）", `到${WHERE}查看 AppID，改正配置`],
  40125: ["微信不认 miniprogram.secret（40125）", `到${WHERE}重置 AppSecret，填进配置`],
  40001: ["微信不认 miniprogram.secret（40001）", `到${WHERE}重置 AppSecret，填进配置`],
};

/** Asks WeChat about a code that is none: how it is refused tells whether app id and secret are right. */
export function wechatCheck(options: { config: MiniprogramConfig | undefined; timeoutMs?: number }): Check {
  const { config, timeoutMs = ANSWER_TIMEOUT_MS } = options;
  return {
    id: "wechat",
    title: TITLE,
    async run(signal) {
      if (!config) return [it.ok("没有启用（[miniprogram] 一节是空的）")];
      return [await judge(config, within(timeoutMs, signal))];
    },
  };
}

async function judge({ appId, secret, apiBase }: MiniprogramConfig, signal: AbortSignal): Promise<Finding> {
  const query = new URLSearchParams({
    appid: appId,
    secret,
    js_code: BOGUS_CODE,
    grant_type: "authorization_code",
  });
  let answer: { status: number; text: string };
  try {
    const response = await fetch(`${apiBase}/sns/jscode2session?${query.toString()}`, {
      redirect: "manual",
      signal,
    });
    answer = { status: response.status, text: await response.text() };
  } catch (error) {
    const { message, advice } = networkTrouble(error, signal);
    return it.failed(`连不上微信服务器：${message}`, advice);
  }
  const errcode = errcodeIn(answer.text);
  if (errcode === undefined)
    return it.failed(
      `应答不是微信的（HTTP ${answer.status}）`,
      "检查 miniprogram.api_base；如果中间有代理或防火墙，请让它放过这个地址",
    );
  return judgeCode(errcode);
}

function judgeCode(errcode: number): Finding {
  if (CODE_REFUSED.has(errcode)) return it.ok("能连上微信服务器，AppID 和 AppSecret 正确");
  if (BUSY.has(errcode))
    return it.warning(`微信服务器繁忙（${errcode}），没能确认 AppID 和 AppSecret`, "稍后再试");
  const [message, advice] = REFUSALS[errcode] ?? [
    `微信拒绝了登录接口的请求（${errcode}）`,
    "核对 miniprogram.app_id 和 miniprogram.secret，并在微信文档中查这个错误码",
  ];
  return it.failed(message, advice);
}

function errcodeIn(text: string): number | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return v.is(Failure, parsed) ? parsed.errcode : undefined;
  } catch {
    return undefined;
  }
}
