import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type IssuedCertificate, openTestAuthority } from "../../test/test-certificates.ts";
import { ExplainedError } from "../explained-error.ts";
import { readCertificate } from "./certificate.ts";

const dir = mkdtempSync(join(tmpdir(), "claw-证书 "));
let issued: IssuedCertificate;
let other: IssuedCertificate;

beforeAll(async () => {
  const authority = await openTestAuthority(dir);
  issued = await authority.issue("first", { days: 60 });
  other = await authority.issue("second");
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const files = { cert: join(dir, "pactgo.cn-chain.pem"), key: join(dir, "pactgo.cn-key.pem") };

/** Reads the pair when the two files hold this. */
function read(cert: string, key: string) {
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return readCertificate(files);
}

async function refusal(reading: Promise<unknown>): Promise<string> {
  const error = await reading.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(error instanceof ExplainedError)) throw new Error(`not explained: ${String(error)}`);
  expect(error.message).not.toContain(issued.keyText.split("\n")[1] ?? "");
  return error.message;
}

test("a pair is read with its names and its end", async () => {
  const certificate = await read(issued.chainText, issued.keyText);
  expect(certificate.names).toEqual(["pactgo.cn", "127.0.0.1"]);
  const days = (certificate.expiresAt.getTime() - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(59);
  expect(days).toBeLessThan(60.1);
  expect(certificate.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
});

test("what Windows editors do to a file harms nothing", async () => {
  const windows = (text: string) => `\uFEFF${text.replaceAll("\n", "\r\n")}`;
  const certificate = await read(windows(issued.chainText), windows(issued.keyText));
  Bun.serve({ port: 0, tls: certificate, fetch: () => new Response() })
    .stop(true)
    .catch(() => {});
});

test("content has one hash, whatever the time", async () => {
  const { contentHash } = await read(issued.chainText, issued.keyText);
  expect((await read(other.chainText, other.keyText)).contentHash).not.toBe(contentHash);
  expect((await read(issued.chainText, issued.keyText)).contentHash).toBe(contentHash);
});

test("a missing file is named, with its setting", async () => {
  await read(issued.chainText, issued.keyText);
  const missing = join(dir, "missing.pem");
  expect(await refusal(readCertificate({ ...files, cert: missing }))).toMatch(
    /找不到证书文件 .*missing\.pem.*server\.tls_cert/,
  );
  expect(await refusal(readCertificate({ ...files, key: missing }))).toMatch(
    /找不到私钥文件 .*missing\.pem.*server\.tls_key/,
  );
  expect(await refusal(readCertificate({ ...files, cert: dir }))).toMatch(/读不了证书文件/);
});

test("a pair that does not belong together", async () => {
  expect(await refusal(read(issued.chainText, other.keyText))).toContain("不是一对");
});

test("a chain in the wrong order", async () => {
  const blocks = issued.chainText.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? [];
  expect(await refusal(read(blocks.toReversed().join("\n"), issued.keyText))).toContain("排在最前面");
});

test("files of other kinds", async () => {
  expect(await refusal(read("", issued.keyText))).toContain("里没有证书");
  expect(await refusal(read("\u0030\u0082\u0003", issued.keyText))).toContain("PEM");
  expect(await refusal(read(issued.keyText, issued.chainText))).toContain("里没有证书");
  expect(await refusal(read(issued.chainText, issued.chainText))).toContain("里没有私钥");
});

test("a key with a password", async () => {
  const locked = join(dir, "locked.pem");
  for (const how of [["pkey"], ["ec"]]) {
    const command = ["openssl", ...how, "-in", issued.key, "-out", locked, "-aes256", "-passout", "pass:x"];
    expect(await Bun.spawn(command, { stderr: "ignore" }).exited).toBe(0);
    expect(await refusal(read(issued.chainText, await Bun.file(locked).text()))).toContain("设了密码");
  }
});

test("wherever a copy stops, the files are not taken for a pair, or are one", async () => {
  const { chainText, keyText } = issued;
  const firstEnd = chainText.indexOf("-----END CERTIFICATE-----") + "-----END CERTIFICATE-----".length;
  const secondBegin = chainText.indexOf("-----BEGIN", 10) + "-----BEGIN CERTIFICATE-----".length;
  for (let length = 0; length < chainText.length - 1; length += 37) {
    const reading = read(chainText.slice(0, length), keyText);
    if (length >= firstEnd && length < secondBegin) expect((await reading).names).toContain("pactgo.cn");
    else expect(await refusal(reading)).toContain(files.cert);
  }
  for (let length = 0; length < keyText.length - 1; length += 11)
    expect(await refusal(read(chainText, keyText.slice(0, length)))).toContain(files.key);
});

test("half a file over the old one", async () => {
  const torn = other.chainText.slice(0, 400) + issued.chainText.slice(400);
  expect(await refusal(read(torn, other.keyText))).toContain(files.cert);
});
