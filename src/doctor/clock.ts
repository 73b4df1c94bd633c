import { about, type Finding } from "./finding.ts";
import { networkTrouble, within } from "./network-trouble.ts";
import { ANSWER_TIMEOUT_MS, type Check } from "./run-checks.ts";

/** Beyond it the gateways of one Redis, and times in messages, disagree visibly. */
const NOTICEABLE_SECONDS = 30;
/** Beyond it signatures, tokens and fresh certificates are refused. */
const HARMFUL_SECONDS = 300;

const it = about("clock", "系统时间");

/** Compares this machine's clock with the `Date` of any HTTP answer from a server that surely keeps time. */
export function clockCheck(reference: {
  /** `http(s)://host[:port]`, whatever it answers. */
  url: string;
  /** What it is, for people. */
  name: string;
  timeoutMs?: number;
}): Check {
  const { url, name, timeoutMs = ANSWER_TIMEOUT_MS } = reference;
  return {
    id: "clock",
    title: "系统时间",
    async run(signal) {
      const limit = within(timeoutMs, signal);
      const sentAtMs = Date.now();
      let date: string | null;
      try {
        const response = await fetch(url, {
          redirect: "manual",
          signal: limit,
          // With a wrong clock no certificate is valid. Nothing secret is sent, and the answer decides nothing.
          tls: { rejectUnauthorized: false },
        });
        // Not the answer to a HEAD: Bun's server gives that no date.
        date = response.headers.get("date");
        await response.body?.cancel();
      } catch (error) {
        const { message } = networkTrouble(error, limit);
        return [it.warning(`无法与${name}的时间比较：${message}`, "请自己确认这台机器的时间准确")];
      }
      const theirsMs = Date.parse(date ?? "");
      if (Number.isNaN(theirsMs))
        return [it.warning(`${name}的应答里没有时间，无法比较`, "请自己确认这台机器的时间准确")];
      // Dates are cut to the second; the answer was on its way for some part of the time.
      return [judgeClock((sentAtMs + Date.now()) / 2 - (theirsMs + 500), name)];
    },
  };
}

export function judgeClock(aheadMs: number, name: string): Finding {
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  if (seconds <= NOTICEABLE_SECONDS) return it.ok(`与${name}相差不到 ${Math.max(seconds, 2)} 秒`);
  const what = `比${name}${aheadMs > 0 ? "快" : "慢"} ${duration(seconds)}`;
  const advice =
    process.platform === "win32"
      ? "打开 Windows 的“自动设置时间”，或以管理员身份运行 w32tm /resync"
      : "打开时间同步：timedatectl set-ntp true（或安装 chrony）";
  return seconds > HARMFUL_SECONDS
    ? it.failed(`${what}，签名、令牌和证书都可能被拒绝`, advice)
    : it.warning(what, advice);
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} 秒`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} 分钟` : `${Math.round(seconds / 3600)} 小时`;
}
