import type { Logger } from "../log.ts";
import type { Certificate } from "./certificate.ts";

const DAY_MS = 24 * 3_600 * 1_000;
/** Renewals are due about a month before the end: a certificate that gets so old has missed several. */
const WARN_BELOW_DAYS = 21;

/** The returned function may be called as often as one likes: it complains of a certificate once a day. */
export function expiryReminder(
  log: Logger,
  now: () => number = Date.now,
): (certificate: Certificate) => void {
  let complainedOf = "";
  let complainedAt = 0;
  return ({ files, names, expiresAt, contentHash }) => {
    const leftMs = expiresAt.getTime() - now();
    if (leftMs >= WARN_BELOW_DAYS * DAY_MS) return;
    if (complainedOf === contentHash && now() - complainedAt < DAY_MS) return;
    complainedOf = contentHash;
    complainedAt = now();
    const message =
      leftMs > 0
        ? `证书还有 ${Math.floor(leftMs / DAY_MS)} 天到期，请检查自动续期是否正常`
        : "证书已经过期，小程序、企业微信和智能体都会拒绝连接，请马上更换";
    log.warn(message, { file: files.cert, names, expires: dateOf(expiresAt) });
  };
}

/** Year, month and day. */
export const dateOf = (time: Date): string => time.toISOString().slice(0, 10);
