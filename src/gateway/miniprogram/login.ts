import * as v from "valibot";
import { refusal } from "../../contract/refusal.ts";
import type { AuthPort } from "../../contract/user-api.ts";
import type { Logger } from "../../log.ts";
import type { MiniprogramConfig } from "../config.ts";
import type { Sessions } from "../users/sessions.ts";
import type { Users } from "../users/users.ts";

const CHANNEL = "miniprogram";
/** WeChat usually answers within half a second; the mini-program itself gives up after 60 s. */
const TIMEOUT_MS = 8_000;

/** Errors of code2Session that signing in again can mend: code invalid, code used, user blocked. Others are ours. */
const CODE_REFUSED: ReadonlySet<number> = new Set([40029, 40163, 40226]);

/** WeChat is busy, or asked too often for this user: later it may do. */
const BUSY: ReadonlySet<number> = new Set([-1, 45011]);

/** https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html */
const Session = v.object({ openid: v.pipe(v.string(), v.minLength(1)) });
const Failure = v.object({ errcode: v.number() });

/** Sign-in of mini-program users: WeChat tells who a `wx.login` code belongs to. Without configuration it is off. */
export function openMiniprogramLogin(options: {
  config: MiniprogramConfig | undefined;
  users: Users;
  sessions: Pick<Sessions, "begin">;
  log: Logger;
}): Pick<AuthPort, "miniprogramLogin"> {
  const { config, users, sessions, log } = options;
  const unavailable = () => refusal("sign-in-unavailable", "微信登录暂时不可用，请稍后再试");

  async function openidOf({ appId, secret, apiBase }: MiniprogramConfig, code: string): Promise<string> {
    const query = new URLSearchParams({
      appid: appId,
      secret,
      js_code: code,
      grant_type: "authorization_code",
    });
    let answer: unknown;
    try {
      const response = await fetch(`${apiBase}/sns/jscode2session?${query.toString()}`, {
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      answer = await response.json();
    } catch {
      // Not the error itself: its text may hold the address, and so the secret.
      log.warn("微信登录接口没有应答");
      throw unavailable();
    }
    if (v.is(Session, answer)) return answer.openid;
    const errcode = v.is(Failure, answer) ? answer.errcode : undefined;
    if (errcode !== undefined && CODE_REFUSED.has(errcode))
      throw refusal("sign-in-refused", "微信登录失败，请重新打开小程序再试");
    if (errcode !== undefined && BUSY.has(errcode)) throw unavailable();
    log.error("微信登录接口拒绝了请求，请检查 miniprogram.app_id 和 miniprogram.secret", { errcode });
    throw unavailable();
  }

  return {
    async miniprogramLogin(code, deviceName) {
      if (!config) throw refusal("sign-in-unavailable", "小程序登录没有启用");
      const userId = await users.identify(CHANNEL, await openidOf(config, code));
      const token = await sessions.begin(userId, { name: deviceName, channel: CHANNEL });
      return { token, user: await users.get(userId) };
    },
  };
}
