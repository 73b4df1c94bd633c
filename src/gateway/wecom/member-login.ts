import { refusal } from "../../contract/refusal.ts";
import type { AuthPort } from "../../contract/user-api.ts";
import type { Logger } from "../../log.ts";
import { IN_WECOM } from "../users/devices.ts";
import type { Sessions } from "../users/sessions.ts";
import type { Users } from "../users/users.ts";
import type { WecomApi } from "./api.ts";
import { WecomApiError } from "./api-error.ts";
import { WECOM } from "./receive.ts";

/** WeCom usually answers within half a second; the mini-program itself gives up after 60 s. */
const TIMEOUT_MS = 8_000;
/** A `wx.qy.login` code that is wrong, used up or older than five minutes (path/91507). */
const CODE_REFUSED = 40029;

/**
 * Sign-in of the mini-program inside WeCom, which says itself who the member is: the same user as the one whose messages
 * come by the callback. Without WeCom's configuration it is off.
 */
export function openMemberLogin(options: {
  wecom: Pick<WecomApi, "memberOf"> | undefined;
  /** A code of another corp's member names someone who may have the userid of one of ours. */
  corpId: string | undefined;
  users: Pick<Users, "identify" | "get">;
  sessions: Pick<Sessions, "begin">;
  log: Logger;
}): Pick<AuthPort, "wecomLogin"> {
  const { wecom, corpId, users, sessions, log } = options;

  async function memberOf(api: Pick<WecomApi, "memberOf">, code: string): Promise<string> {
    try {
      const found = await api.memberOf(code, AbortSignal.timeout(TIMEOUT_MS));
      if (found.corpId === corpId) return found.member;
    } catch (error) {
      if (!(error instanceof WecomApiError)) throw error;
      throw whatToTell(error);
    }
    log.warn("其他企业的成员想从企业微信登录小程序，已拒绝");
    throw refusal("sign-in-refused", "只有本企业的成员才能登录");
  }

  /** What the user can mend is told; all else is logged, and mended by an administrator or by time. */
  function whatToTell(error: WecomApiError): Error {
    const { code, kind, message } = error;
    if (code === CODE_REFUSED) return refusal("sign-in-refused", "企业微信登录失败，请重新打开小程序再试");
    if (kind === "recipient") return refusal("sign-in-refused", "你不在这个应用的可见范围内，请联系管理员");
    const known = kind === "busy" || kind === "no-answer";
    log[known ? "warn" : "error"]("企业微信登录没有成功", { code, reason: message });
    return refusal("sign-in-unavailable", "企业微信登录暂时不可用，请稍后再试");
  }

  return {
    async wecomLogin(code, deviceName) {
      if (!wecom) throw refusal("sign-in-unavailable", "企业微信登录没有启用");
      const userId = await users.identify(WECOM, await memberOf(wecom, code));
      const token = await sessions.begin(userId, { name: deviceName, channel: IN_WECOM });
      return { token, user: await users.get(userId) };
    },
  };
}
