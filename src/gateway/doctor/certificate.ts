import type { X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import { about, type Finding } from "../../doctor/finding.ts";
import { networkTrouble, within } from "../../doctor/network-trouble.ts";
import { ANSWER_TIMEOUT_MS, type Check } from "../../doctor/run-checks.ts";
import { ExplainedError } from "../../explained-error.ts";
import { type CertificateFiles, readCertificate } from "../certificate.ts";
import { publicRoots, readChain } from "./certificate-chain.ts";
import { type CertificateAdvice, judgeCertificate } from "./certificate-findings.ts";
import { chainShownAt } from "./shown-chain.ts";

/** Others may read it. */
const WORLD_READABLE = 0o004;
const FULL_CHAIN = "完整的证书链文件（常叫 fullchain.pem）：先是本站的证书，后面依次是中间证书";
const OWN_FILES: CertificateAdvice = {
  chain: `server.tls_cert 要用${FULL_CHAIN}`,
  renewal: "换掉文件",
};
const OF_THE_PROXY: CertificateAdvice = {
  chain: `反向代理（nginx 的 ssl_certificate）要用${FULL_CHAIN}。换好后让它重新读取（nginx -s reload）`,
  renewal: "换掉反向代理用的文件，再让它重新读取（nginx -s reload）",
};

const files = about("certificate.files", "证书文件");
const key = about("certificate.key", "证书私钥");

export interface CertificateOptions {
  /** Undefined: TLS is the matter of a proxy in front, if the public address has any. */
  tls: CertificateFiles | undefined;
  publicUrl: string;
  /** For tests: a root to trust. */
  roots?: readonly X509Certificate[];
  timeoutMs?: number;
}

/** Will clients accept the certificate that they are shown, by the gateway or by the proxy, and for how long? */
export function certificateCheck(options: CertificateOptions): Check {
  const { tls, publicUrl, roots = publicRoots(), timeoutMs = ANSWER_TIMEOUT_MS } = options;
  return {
    id: "certificate",
    title: "证书",
    async run(signal) {
      if (tls) return await checkFiles(tls, { publicUrl, roots });
      if (publicUrl.startsWith("https://"))
        return await checkProxy({ publicUrl, roots }, within(timeoutMs, signal));
      return [files.ok("没有用证书（没有填 server.tls_cert，server.public_url 也不是 https）")];
    },
  };
}

type Expected = Pick<Required<CertificateOptions>, "publicUrl" | "roots">;

async function checkFiles(tls: CertificateFiles, expected: Expected): Promise<Finding[]> {
  try {
    // What it refuses, the gateway refuses when it starts.
    const { cert } = await readCertificate(tls);
    return [
      files.ok(`${tls.cert}，与私钥相配`),
      ...judgeCertificate(readChain(cert), { ...expected, advice: OWN_FILES }),
      judgeKeyFile(tls.key),
    ];
  } catch (error) {
    if (!(error instanceof ExplainedError)) throw error;
    return [files.failed(error.message, `${OWN_FILES.chain}；server.tls_key 是它的私钥`)];
  }
}

/** Looks at what the proxy shows: where its files are, only its own configuration knows. */
async function checkProxy(expected: Expected, signal: AbortSignal): Promise<Finding[]> {
  const { host } = new URL(expected.publicUrl);
  const whose = "网关自己不做 TLS（没有填 server.tls_cert），由前面的反向代理负责";
  try {
    const shown = await chainShownAt(expected.publicUrl, signal);
    return [
      files.ok(`${whose}；下面看的是 ${host} 出示的证书`),
      ...judgeCertificate(shown, { ...expected, advice: OF_THE_PROXY }),
    ];
  } catch (error) {
    const { message, advice } = networkTrouble(error, signal);
    // It may be the way from here to the own public address that is missing, and no fault of the certificate.
    return [
      files.warning(
        `${whose}；但从本机连不上 ${host}，没能检查证书：${message}`,
        `${advice}。反向代理装好后再运行一次；这台机器本来就到不了自己的公网地址的，请从外面检查证书`,
      ),
    ];
  }
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
