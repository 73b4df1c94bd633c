import { codeOf } from "./error-code.ts";

/** Why a server did not answer: what was seen, and what to do about it. */
export interface NetworkTrouble {
  readonly message: string;
  readonly advice: string;
  /** A certificate that is not valid at this machine's time: perhaps it is the clock that is wrong. */
  readonly mayBeClock?: true;
}

const FIREWALL = "检查这台机器能否上网、防火墙是否放行这个地址和端口";
const CERTIFICATE =
  "如果中间有会解密 HTTPS 的防火墙或代理，请让它放过这个地址；如果对方用的是自己签发的证书，请信任它的 CA";

/** Codes of Node, Bun and OpenSSL. */
const TROUBLES: Readonly<Record<string, NetworkTrouble>> = {
  ECONNREFUSED: {
    message: "连接被拒绝（那里没有程序在监听）",
    advice: "确认对方正在运行，地址和端口没有写错",
  },
  ConnectionRefused: {
    message: "连接被拒绝（那里没有程序在监听）",
    advice: "确认对方正在运行，地址和端口没有写错",
  },
  ENOTFOUND: { message: "找不到这个主机名（DNS）", advice: "检查主机名的拼写，以及这台机器的 DNS 设置" },
  EAI_AGAIN: { message: "DNS 没有应答", advice: "检查这台机器的网络和 DNS 设置" },
  ETIMEDOUT: { message: "没有应答（超时）", advice: FIREWALL },
  EHOSTUNREACH: { message: "到不了这台主机", advice: FIREWALL },
  ENETUNREACH: { message: "到不了这个网络", advice: FIREWALL },
  ECONNRESET: { message: "连接被对方中断", advice: `${FIREWALL}；确认 http(s) 或 ws(s) 没有写错` },
  EPROTO: {
    message: "TLS 握手失败，对方可能没有使用 TLS",
    advice: "确认 https/http（wss/ws）没有写错，端口正确",
  },
  CERT_HAS_EXPIRED: {
    message: "对方的证书已过期",
    advice: "先确认这台机器的时间正确，再更换对方的证书",
    mayBeClock: true,
  },
  CERT_NOT_YET_VALID: {
    message: "对方的证书还没有生效",
    advice: "多半是这台机器的时间不对，请校准",
    mayBeClock: true,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    message: "对方的证书不是给这个主机名的",
    advice: "改用证书上的主机名，或给对方换上正确的证书",
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: { message: "对方的证书是自签的，不受信任", advice: CERTIFICATE },
  SELF_SIGNED_CERT_IN_CHAIN: { message: "对方的证书链以不受信任的根证书结尾", advice: CERTIFICATE },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    message: "对方的证书链不完整或不受信任",
    advice: `让对方的服务器送出完整的证书链（fullchain）；${CERTIFICATE}`,
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    message: "对方的证书链不完整或不受信任",
    advice: `让对方的服务器送出完整的证书链（fullchain）；${CERTIFICATE}`,
  },
};

/** Explains a failed `fetch` or connection. The error itself is not shown: it may hold the address with its secrets. */
export function networkTrouble(error: unknown, signal: AbortSignal): NetworkTrouble {
  if (signal.aborted) return { message: "没有应答（超时）", advice: FIREWALL };
  const code = codeOf(error) ?? "";
  return TROUBLES[code] ?? { message: `网络错误${code === "" ? "" : `（${code}）`}`, advice: FIREWALL };
}

/** A signal that also aborts after `ms`. */
export function within(ms: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}
