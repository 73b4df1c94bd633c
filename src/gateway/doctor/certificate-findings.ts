import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { about, type Finding } from "../../doctor/finding.ts";
import { type ChainVerdict, judgeChain } from "./certificate-chain.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Let's Encrypt's are renewed 30 days before their end: with fewer left, the renewal does not work. */
const RENEWAL_OVERDUE_DAYS = 21;

const chain = about("certificate.chain", "证书链");
const host = about("certificate.host", "证书的域名");
const dates = about("certificate.dates", "证书有效期");

/** What to do, where the certificate is. */
export interface CertificateAdvice {
  /** About a chain that is not whole. */
  readonly chain: string;
  /** About a certificate that ends. */
  readonly renewal: string;
}

/** Will clients accept this certificate for the public address, and for how long? */
export function judgeCertificate(
  [leaf, ...rest]: readonly X509Certificate[],
  options: { publicUrl: string; roots: readonly X509Certificate[]; advice: CertificateAdvice },
): Finding[] {
  const { publicUrl, roots, advice } = options;
  if (!leaf) return [];
  const verdict = judgeChain(leaf, rest, roots);
  return [
    judgeTrust(verdict, advice.chain),
    judgeHost(leaf, publicUrl),
    judgeDates(verdict.t === "trusted" ? verdict.path : [leaf], advice.renewal),
  ];
}

function judgeTrust(verdict: ChainVerdict, wholeChain: string): Finding {
  const untrusted = "企业微信和小程序不会接受。对外服务请用公共 CA（如 Let's Encrypt）签发的证书";
  switch (verdict.t) {
    case "trusted":
      return chain.ok(`完整，根证书是 ${verdict.root}`);
    case "self-signed":
      return chain.warning("这是自签证书", `${untrusted}；只供内部试用时，在智能体的 gateway.ca 里填上它`);
    case "private":
      return chain.warning(
        `根证书 ${verdict.root} 不是公共信任的`,
        `${untrusted}；只供内部试用时，在智能体的 gateway.ca 里填上这个根证书`,
      );
    case "broken":
      return chain.failed(`第 ${verdict.at} 张证书不是由它后面的那一张签发的`, wholeChain);
    case "incomplete":
      return chain.failed(`不完整，缺少 ${verdict.missing} 的证书：很多客户端会拒绝连接`, wholeChain);
  }
}

function judgeHost(leaf: X509Certificate, publicUrl: string): Finding {
  const names = leaf.subjectAltName?.replaceAll(/\b(DNS|IP Address):/g, "") ?? "（没有）";
  if (publicUrl === "") return host.warning(`证书上是 ${names}`, "填上 server.public_url，才能核对域名");
  const name = new URL(publicUrl).hostname.replace(/^\[(.*)\]$/, "$1");
  const matches = isIP(name) ? leaf.checkIP(name) : leaf.checkHost(name);
  if (matches !== undefined) return host.ok(`包括 ${name}`);
  return host.failed(
    `证书上是 ${names}，不包括 server.public_url 的 ${name}`,
    `换成给 ${name} 签发的证书，或改正 server.public_url`,
  );
}

/** Of a chain, the certificate that ends first decides: clients look at all of them. */
function judgeDates(path: readonly X509Certificate[], renewal: string): Finding {
  const nowMs = Date.now();
  const startMs = Math.max(...path.map(({ validFrom }) => Date.parse(validFrom)));
  const endMs = Math.min(...path.map(({ validTo }) => Date.parse(validTo)));
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const daysLeft = Math.floor((endMs - nowMs) / DAY_MS);
  const renew = `更新证书（自动续期的，请看它为什么没有续上），${renewal}`;
  if (nowMs < startMs)
    return dates.failed(`${day(startMs)} 才生效`, "先确认这台机器的时间正确；时间没错就换一张已经生效的证书");
  if (endMs <= nowMs) return dates.failed(`已于 ${day(endMs)} 过期`, renew);
  if (daysLeft < RENEWAL_OVERDUE_DAYS) return dates.warning(`只剩 ${daysLeft} 天，${day(endMs)} 到期`, renew);
  return dates.ok(`还有 ${daysLeft} 天，${day(endMs)} 到期`);
}
