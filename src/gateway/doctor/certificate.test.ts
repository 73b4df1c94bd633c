import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Level } from "../../doctor/finding.ts";
import { freePort } from "../../../dev/program.ts";
import { certificateCheck, type CertificateOptions } from "./certificate.ts";

const HOST = "claw.example";
let dir: string;
const file = (name: string) => join(dir, name);
const pem = (...names: string[]) => names.map((name) => readFileSync(file(`${name}.pem`), "utf8")).join("\n");

function openssl(...args: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: dir });
  if (exitCode !== 0) throw new Error(stderr.toString());
}

/** Makes `<name>.pem` and `<name>-key.pem`, issued by `issuer`, or by itself. */
function issue(name: string, options: { issuer?: string; ca?: boolean; days?: number } = {}): void {
  const { issuer, ca = false, days = 90 } = options;
  const names = `subjectAltName=DNS:${HOST},IP:127.0.0.1`;
  const extensions = ca ? "basicConstraints=critical,CA:TRUE" : names;
  writeFileSync(file(`${name}.ext`), extensions);
  openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", `${name}-key.pem`);
  openssl("req", "-new", "-key", `${name}-key.pem`, "-subj", `/CN=${name}`, "-out", `${name}.csr`);
  const signer =
    issuer === undefined
      ? ["-signkey", `${name}-key.pem`]
      : ["-CA", `${issuer}.pem`, "-CAkey", `${issuer}-key.pem`, "-CAcreateserial"];
  const output = ["-days", String(days), "-extfile", `${name}.ext`, "-out", `${name}.pem`];
  openssl("x509", "-req", "-in", `${name}.csr`, ...signer, ...output);
  chmodSync(file(`${name}-key.pem`), 0o600);
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "claw-证书 "));
  issue("root", { ca: true });
  issue("intermediate", { issuer: "root", ca: true });
  issue("leaf", { issuer: "intermediate" });
  issue("ten-days", { issuer: "intermediate", days: 10 });
  issue("expired", { issuer: "intermediate", days: -1 });
  issue("old-intermediate", { issuer: "root", ca: true, days: -1 });
  issue("under-old", { issuer: "old-intermediate" });
  issue("self-signed");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Told {
  levels: Record<string, Level>;
  text: string;
}

/** The levels of all findings, and all their texts, for a certificate file that holds these certificates. */
async function check(options: {
  chain: string[];
  key?: string;
  publicUrl?: string;
  trusted?: boolean;
}): Promise<Told> {
  const { chain, key = chain[0] ?? "", publicUrl = `https://${HOST}`, trusted = true } = options;
  writeFileSync(file("chain.pem"), pem(...chain));
  return await told({
    tls: { cert: file("chain.pem"), key: file(`${key}-key.pem`) },
    publicUrl,
    roots: trusted ? [new X509Certificate(pem("root"))] : [],
  });
}

async function told(options: CertificateOptions): Promise<Told> {
  const found = await certificateCheck(options).run(new AbortController().signal);
  return {
    levels: Object.fromEntries(found.map(({ check, level }) => [check.replace("certificate.", ""), level])),
    text: found.map(({ message, advice }) => `${message}\n${advice}`).join("\n"),
  };
}

const GOOD = { files: "ok", chain: "ok", host: "ok", dates: "ok", key: "ok" } as const;

test("a leaf and its intermediate, to a root that is trusted: with the root or without", async () => {
  expect((await check({ chain: ["leaf", "intermediate"] })).levels).toEqual(GOOD);
  expect((await check({ chain: ["leaf", "intermediate", "root"] })).levels).toEqual(GOOD);
});

describe("a chain that clients do not accept", () => {
  test.each<[string, string[], boolean, Level, string]>([
    ["the leaf alone", ["leaf"], true, "failed", "intermediate"],
    ["others in between", ["leaf", "root", "intermediate"], true, "failed", "第 1 张"],
    ["a root of our own", ["leaf", "intermediate", "root"], false, "warning", "公共信任"],
    ["a leaf that signed itself", ["self-signed"], true, "warning", "自签"],
  ])("%s", async (_, chain, trusted, level, words) => {
    const { levels, text } = await check({ chain, trusted });
    expect(levels).toEqual({ ...GOOD, chain: level });
    expect(text).toContain(words);
  });
});

describe("a certificate's dates", () => {
  test.each<[string, string[], Level, string]>([
    ["ten days left", ["ten-days", "intermediate"], "warning", "天"],
    ["expired", ["expired", "intermediate"], "failed", "过期"],
    ["an intermediate that has expired", ["under-old", "old-intermediate"], "failed", "过期"],
  ])("%s", async (_, chain, level, words) => {
    const { levels, text } = await check({ chain });
    expect(levels).toEqual({ ...GOOD, dates: level });
    expect(text).toContain(words);
  });
});

test("a certificate for another host, and none to compare with", async () => {
  const chain = ["leaf", "intermediate"];
  const other = await check({ chain, publicUrl: "https://pactgo.cn" });
  expect(other.levels).toEqual({ ...GOOD, host: "failed" });
  expect(other.text).toContain(HOST);
  expect((await check({ chain, publicUrl: "" })).levels).toEqual({ ...GOOD, host: "warning" });
  expect((await check({ chain, publicUrl: "https://127.0.0.1" })).levels).toEqual(GOOD);
  expect((await check({ chain, publicUrl: "https://127.0.0.2" })).levels).toEqual({
    ...GOOD,
    host: "failed",
  });
});

test("a key of another certificate, a file that is none, and one that is not there", async () => {
  expect((await check({ chain: ["leaf", "intermediate"], key: "self-signed" })).levels).toEqual({
    files: "failed",
  });
  writeFileSync(file("nonsense.pem"), "nonsense");
  expect((await check({ chain: ["nonsense"], key: "leaf" })).levels).toEqual({ files: "failed" });
  const missing = await check({ chain: ["leaf"], key: "missing" });
  expect(missing.levels).toEqual({ files: "failed" });
  expect(missing.text).toContain("missing-key.pem");
});

test("a key that everybody on the machine may read", async () => {
  chmodSync(file("leaf-key.pem"), 0o644);
  const { levels, text } = await check({ chain: ["leaf", "intermediate"] });
  chmodSync(file("leaf-key.pem"), 0o600);
  expect(levels).toEqual({ ...GOOD, key: "warning" });
  expect(text).toContain("chmod 640");
});

describe("behind a proxy that does TLS", () => {
  /** A proxy that shows these certificates, as one on the public address. */
  async function behind(chain: string[]) {
    const tls = { cert: pem(...chain), key: pem(`${chain[0]}-key`) };
    const proxy = Bun.serve({ hostname: "127.0.0.1", port: 0, tls, fetch: () => new Response() });
    try {
      const publicUrl = `https://127.0.0.1:${proxy.port}`;
      return await told({ tls: undefined, publicUrl, roots: [new X509Certificate(pem("root"))] });
    } finally {
      await proxy.stop(true);
    }
  }
  const { key: _, ...GOOD_THERE } = GOOD;

  test("what it shows is judged: chain, host and days", async () => {
    expect((await behind(["leaf", "intermediate"])).levels).toEqual(GOOD_THERE);
    const alone = await behind(["leaf"]);
    expect(alone.levels).toEqual({ ...GOOD_THERE, chain: "failed" });
    expect(alone.text).toContain("缺少 intermediate");
    expect(alone.text).toContain("ssl_certificate");
    const old = await behind(["ten-days", "intermediate"]);
    expect(old.levels).toEqual({ ...GOOD_THERE, dates: "warning" });
    expect(old.text).toContain("nginx -s reload");
    expect((await behind(["expired", "intermediate"])).levels).toEqual({ ...GOOD_THERE, dates: "failed" });
    expect((await behind(["self-signed"])).levels).toEqual({ ...GOOD_THERE, chain: "warning" });
  });

  test("what cannot be reached from here is not taken for a fault", async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const plain = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    for (const [port, words, timeoutMs] of [
      [freePort(), "连接被拒绝", 10_000],
      [silent.port, "超时", 200],
      [plain.port, "没能检查证书", 10_000],
    ] as const) {
      const publicUrl = `https://127.0.0.1:${port}`;
      const { levels, text } = await told({ tls: undefined, publicUrl, timeoutMs });
      expect(levels).toEqual({ files: "warning" });
      expect(text).toContain(words);
      expect(text).toContain("请从外面检查证书");
    }
    silent.stop(true);
    await plain.stop(true);
  });

  test("without https there is nothing to look at", async () => {
    const { levels } = await told({ tls: undefined, publicUrl: `http://127.0.0.1:${freePort()}` });
    expect(levels).toEqual({ files: "ok" });
  });
});
