import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { ExplainedError } from "../explained-error.ts";

/**
 * The certificates that `gateway.ca` names, as PEM; undefined for none: the system's roots count.
 *
 * @throws ExplainedError when they cannot be read
 */
export function readGatewayCa(path: string): string | undefined {
  if (path === "") return undefined;
  const text = read(path);
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0)
    throw new ExplainedError(
      `${path} 里没有证书：gateway.ca 要填 PEM 格式的 CA 证书（以 -----BEGIN CERTIFICATE----- 开头）`,
    );
  if (!blocks.every(canBeRead))
    throw new ExplainedError(`${path}（gateway.ca）不完整或已损坏：请重新复制这个文件`);
  return text;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "原因不明";
    throw new ExplainedError(`读不了 ${path}（${code}）：请检查 gateway.ca 里的路径和这个文件的权限`);
  }
}

function canBeRead(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
