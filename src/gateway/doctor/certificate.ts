import type { X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { isIP } from "node:net";
import { about, type Finding } from "../../doctor/finding.ts";
import type { Check } from "../../doctor/run-checks.ts";
import { ExplainedError } from "../../explained-error.ts";
import { type CertificateFiles, readCertificate } from "../certificate.ts";
import { type ChainVerdict, judgeChain, publicRoots, readChain } from "./certificate-chain.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Let's Encrypt's are renewed 30 days before their end: with fewer left, the renewal does not work. */
const RENEWAL_OVERDUE_DAYS = 21;
/** Others may read it. */
const WORLD_READABLE = 0o004;
const FULL_CHAIN =
  "server.tls_cert 要用完整的证书链文件（常叫 fullchain.pem）：先是本站的证书，后面依次是中间证书";

const files = about("certificate.files", "证书文件");
const chain = about("certificate.chain", "证书链");
const host = about("certificate.host", "证书的域名");
const dates = about("certificate.dates", "证书有效期");
const key = about("certificate.key", "证书私钥");

export interface CertificateOptions {
  /** Undefined: TLS is somebody else's matter. */
  tls: CertificateFiles | undefined;
  publicUrl: string;
  /** For tests: a root to trust. */
  roots?: readonly X509Certificate[];
}

/** Will clients accept the certificate that the gateway shows them, and for how long? */
export function certificateCheck({ tls, publicUrl, roots = publicRoots() }: CertificateOptions): Check {
  return {
    id: "certificate",
    title: "证书",
    async run() {
      if (!tls) return [files.ok("网关自己不做 TLS（没有填 server.tls_cert），由前面的反向代理负责")];
      try {
        // What it refuses, the gateway refuses when it starts.
        const { cert } = await readCertificate(tls);
        return judge(readChain(cert), { tls, publicUrl, roots });
      } catch (error) {
        if (!(error instanceof ExplainedError)) throw error;
        return [files.failed(error.message, `${FULL_CHAIN}；server.tls_key 是它的私钥`)];
      }
    },
  };
}

function judge(
  [leaf, ...rest]: readonly X509Certificate[],
  { tls, publicUrl, roots }: { tls: CertificateFiles; publicUrl: string; roots: readonly X509Certificate[] },
): Finding[] {
  if (!leaf) return [];
  const verdict = judgeChain(leaf, rest, roots);
  return [
    files.ok(`${tls.cert}，与私钥相配`),
    judgeTrust(verdict),
    judgeHost(leaf, publicUrl),
    judgeDates(verdict.t === "trusted" ? verdict.path : [leaf], Date.now()),
    judgeKeyFile(tls.key),
  ];
}

function judgeTrust(verdict: ChainVerdict): Finding {
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
      return chain.failed(`第 ${verdict.at} 张证书不是由它后面的那一张签发的`, FULL_CHAIN);
    case "incomplete":
      return chain.failed(`不完整，缺少 ${verdict.missing} 的证书：很多客户端会拒绝连接`, FULL_CHAIN);
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
export function judgeDates(path: readonly X509Certificate[], nowMs: number): Finding {
  const startMs = Math.max(...path.map(({ validFrom }) => Date.parse(validFrom)));
  const endMs = Math.min(...path.map(({ validTo }) => Date.parse(validTo)));
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const daysLeft = Math.floor((endMs - nowMs) / DAY_MS);
  const renew = "更新证书（自动续期的，请看它为什么没有续上），换掉文件";
  if (nowMs < startMs)
    return dates.failed(`${day(startMs)} 才生效`, "先确认这台机器的时间正确；时间没错就换一张已经生效的证书");
  if (endMs <= nowMs) return dates.failed(`已于 ${day(endMs)} 过期`, renew);
  if (daysLeft < RENEWAL_OVERDUE_DAYS) return dates.warning(`只剩 ${daysLeft} 天，${day(endMs)} 到期`, renew);
  return dates.ok(`还有 ${daysLeft} 天，${day(endMs)} 到期`);
}

function judgeKeyFile(path: string): Finding {
  // Windows has no such bits.
  if (process.platform === "win32" || (statSync(path).mode & WORLD_READABLE) === 0)
    return key.ok(`${path} 没有对所有人公开`);
  return key.warning(
    `这台机器上的任何用户都能读到 ${path}`,
    `运行 chmod 640 ${path}，并让它属于运行网关的用户或组`,
  );
}
