import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ExplainedError } from "../explained-error.ts";

/** Paths of two PEM files: the certificate with its chain, and its private key. */
export interface CertificateFiles {
  cert: string;
  key: string;
}

export interface Certificate {
  files: CertificateFiles;
  /** PEM: the host's certificate, then those between it and the root. */
  cert: string;
  /** PEM. A secret. */
  key: string;
  /** The host names that it is for. */
  names: string[];
  expiresAt: Date;
  /** The same for the same two files' content, and for no other. */
  contentHash: string;
}

/** What a file holds, or why it cannot be read. */
type FileContent = { path: string; text: string } | { path: string; errorCode: string };

/** The two files at one moment. They may be missing, half-written, or no pair. */
export interface CertificateContent {
  files: CertificateFiles;
  cert: FileContent;
  key: FileContent;
  contentHash: string;
}

/** @throws ExplainedError that names the file and says what to do */
export async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  return checkCertificate(await readCertificateFiles(files));
}

/** Never rejects: what is wrong with the files is found by checkCertificate. */
export async function readCertificateFiles(files: CertificateFiles): Promise<CertificateContent> {
  const [cert, key] = await Promise.all([readContent(files.cert), readContent(files.key)]);
  const contentHash = createHash("sha256")
    .update(JSON.stringify([cert, key]))
    .digest("hex");
  return { files, cert, key, contentHash };
}

async function readContent(path: string): Promise<FileContent> {
  try {
    return { path, text: await readFile(path, "utf8") };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return { path, errorCode: String(code) };
  }
}

/** @throws ExplainedError unless both files are complete and belong together */
export function checkCertificate(content: CertificateContent): Certificate {
  const { files, contentHash } = content;
  const chain = certificatesIn(files.cert, textOf(content.cert, "证书", "server.tls_cert"));
  const key = keyIn(files.key, textOf(content.key, "私钥", "server.tls_key"));
  const [host, issuer] = chain.map((pem) => parsed(files.cert, () => new X509Certificate(pem)));
  // One file half copied over the other reads well: its length and its key may be right, its signature is not.
  if (host && issuer?.subject === host.issuer && !host.verify(issuer.publicKey)) throw incomplete(files.cert);
  const privateKey = parsed(files.key, () => createPrivateKey(key));
  if (!host?.checkPrivateKey(privateKey)) {
    throw new ExplainedError(
      `证书 ${files.cert} 和私钥 ${files.key} 不是一对：请换成同一次申请得到的两个文件。证书文件里，域名自己的证书要排在最前面`,
    );
  }
  const certificate: Certificate = {
    files,
    cert: chain.join("\n"),
    key,
    names: namesOf(host),
    expiresAt: new Date(host.validTo),
    contentHash,
  };
  proveUsable(certificate);
  return certificate;
}

function textOf(file: FileContent, what: string, setting: string): string {
  if ("text" in file) return file.text;
  const { path, errorCode } = file;
  if (errorCode === "ENOENT")
    throw new ExplainedError(`找不到${what}文件 ${path}：请把文件放到这里，或修改配置中的 ${setting}`);
  if (errorCode === "EACCES" || errorCode === "EPERM")
    throw new ExplainedError(`没有权限读取${what}文件 ${path}：请让运行网关的用户可以读取它`);
  throw new ExplainedError(`读不了${what}文件 ${path}（${errorCode}）：请检查这个文件和配置中的 ${setting}`);
}

/** The PEM blocks alone: editors and consoles put other things around them, such as a byte order mark. */
function certificatesIn(path: string, text: string): string[] {
  const begun = text.match(/-----BEGIN CERTIFICATE-----/g) ?? [];
  if (begun.length === 0) {
    throw new ExplainedError(
      `${path} 里没有证书：需要 PEM 格式的证书链（以 -----BEGIN CERTIFICATE----- 开头），下载证书时请选 Nginx 格式`,
    );
  }
  const chain = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (chain.length < begun.length) throw incomplete(path);
  return chain;
}

function keyIn(path: string, text: string): string {
  const kind = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----/.exec(text)?.[1];
  if (kind === undefined) {
    throw new ExplainedError(
      `${path} 里没有私钥：需要 PEM 格式的私钥（以 -----BEGIN PRIVATE KEY----- 开头），下载证书时请选 Nginx 格式`,
    );
  }
  if (kind.startsWith("ENCRYPTED") || text.includes("Proc-Type: 4,ENCRYPTED")) {
    throw new ExplainedError(
      `私钥文件 ${path} 设了密码，网关打不开：请去掉密码（openssl pkey -in 原文件 -out 新文件），再换上新文件`,
    );
  }
  const [key] = new RegExp(`-----BEGIN ${kind}-----[^-]*-----END ${kind}-----`).exec(text) ?? [];
  if (key === undefined) throw incomplete(path);
  return key;
}

function parsed<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw incomplete(path);
  }
}

const incomplete = (path: string) => new ExplainedError(`${path} 不完整或已损坏：请重新下载或复制这个文件`);

function namesOf(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName?.split(", ") ?? [];
  return names.map((name) => name.replace(/^(DNS|IP Address):/, ""));
}

/** The same check as when a server starts with it: by then the old one must not be gone for nothing. */
function proveUsable({ files, cert, key }: Certificate): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? `（${String(error.code)}）` : "";
    throw new ExplainedError(`证书 ${files.cert} 不能用于 TLS${code}：请重新申请证书`);
  }
}
