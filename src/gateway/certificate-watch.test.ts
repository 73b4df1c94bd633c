import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { serialOf, shownSerial } from "../../test/shown-certificate.ts";
import { type IssuedCertificate, openTestAuthority } from "../../test/test-certificates.ts";
import { until } from "../../test/until.ts";
import type { Logger } from "../log.ts";
import { type CertificateFiles, readCertificate } from "./certificate.ts";
import { watchCertificate } from "./certificate-watch.ts";
import { serve } from "./serve.ts";

const LOOK_EVERY_MS = 10;
const dir = mkdtempSync(join(tmpdir(), "claw-watch-"));
let first: IssuedCertificate;
let second: IssuedCertificate;
const cleanups: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const authority = await openTestAuthority(dir);
  first = await authority.issue("first");
  second = await authority.issue("second", { days: 10 });
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A server that shows what is in two files, as the gateway wires it. */
async function start(files: CertificateFiles) {
  const logged: { level: string; message: string; reason: string }[] = [];
  const record = (level: string) => (message: string, properties?: { reason?: Error }) => {
    logged.push({ level, message, reason: properties?.reason?.message ?? "" });
  };
  const log = { info: record("info"), warn: record("warn") } as unknown as Logger;
  const certificate = await readCertificate(files);
  const app = new Hono().get("/", (c) => c.text("here"));
  const server = serve({ host: "127.0.0.1", port: 0, tls: certificate, app, sockets: {} });
  const stop = new AbortController();
  const watching = watchCertificate({
    certificate,
    use: server.useCertificate,
    log,
    signal: stop.signal,
    lookEveryMs: LOOK_EVERY_MS,
  });
  cleanups.push(async () => {
    stop.abort();
    await watching;
    await server.close();
  });
  return {
    port: server.port,
    // Who comes at the very moment of the change may be cut off, and would come again.
    shown: () => shownSerial(server.port).catch(() => "none"),
    logged,
    refusals: () => logged.filter(({ reason }) => reason !== "").map(({ reason }) => reason),
  };
}

/** A folder with the first pair under the names that the documents give. */
function installed(name: string): CertificateFiles {
  const folder = join(dir, name);
  mkdirSync(folder);
  const files = { cert: join(folder, "pactgo.cn-chain.pem"), key: join(folder, "pactgo.cn-key.pem") };
  copyFileSync(first.cert, files.cert);
  copyFileSync(first.key, files.key);
  return files;
}

test("files that are renamed into place", async () => {
  const files = installed("renamed");
  const server = await start(files);
  expect(await server.shown()).toBe(serialOf(first.chainText));
  for (const [from, to] of [
    [second.cert, files.cert],
    [second.key, files.key],
  ] as const) {
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  }
  await until("the new one is shown", async () => (await server.shown()) === serialOf(second.chainText));
  await until("the log says so", () => server.logged.some(({ message }) => message.includes("新证书")));
  // This one has ten days left.
  await until("it says that it ends soon", () => server.logged.some(({ level }) => level === "warn"));
});

test("symbolic links that are exchanged, as certbot does", async () => {
  const archive = join(dir, "archive");
  const live = join(dir, "live");
  for (const folder of [archive, live]) mkdirSync(folder);
  const link = (number: number) => {
    for (const name of ["fullchain", "privkey"]) {
      const path = join(live, `${name}.pem`);
      rmSync(path, { force: true });
      symlinkSync(join("..", "archive", `${name}${number}.pem`), path);
    }
  };
  copyFileSync(first.cert, join(archive, "fullchain1.pem"));
  copyFileSync(first.key, join(archive, "privkey1.pem"));
  link(1);
  const server = await start({ cert: join(live, "fullchain.pem"), key: join(live, "privkey.pem") });
  copyFileSync(second.cert, join(archive, "fullchain2.pem"));
  copyFileSync(second.key, join(archive, "privkey2.pem"));
  link(2);
  await until("the new one is shown", async () => (await server.shown()) === serialOf(second.chainText));
});

test("files that are no pair yet are named once, and used when they are", async () => {
  const files = installed("slow copy");
  const server = await start(files);
  const half = second.chainText.slice(0, 300);
  writeFileSync(files.cert, half);
  await until("the half is noticed", () => server.refusals().length === 1);
  expect(server.refusals()[0]).toMatch(/pactgo\.cn-chain\.pem.*不完整/);
  // Long enough for it to be noticed again.
  await Bun.sleep(20 * LOOK_EVERY_MS);
  expect(server.refusals()).toHaveLength(1);

  writeFileSync(files.cert, second.chainText);
  await until("so is the wrong key", () => server.refusals().length === 2);
  expect(server.refusals()[1]).toContain("不是一对");
  unlinkSync(files.key);
  await until("and the missing one", () => server.refusals().length === 3);
  expect(server.refusals()[2]).toMatch(/找不到私钥文件 .*pactgo\.cn-key\.pem/);
  expect(await server.shown()).toBe(serialOf(first.chainText));

  writeFileSync(files.key, second.keyText);
  await until("the new one is shown", async () => (await server.shown()) === serialOf(second.chainText));
  expect(server.refusals()).toHaveLength(3);
});

test("the old files put back after a mistake change nothing", async () => {
  const files = installed("mistake");
  const server = await start(files);
  writeFileSync(files.key, second.keyText);
  await until("the mistake is noticed", () => server.refusals().length === 1);
  writeFileSync(files.key, first.keyText);
  await Bun.sleep(20 * LOOK_EVERY_MS);
  writeFileSync(files.key, second.keyText);
  await until("it is noticed anew", () => server.refusals().length === 2);
  expect(server.logged.some(({ message }) => message.includes("新证书"))).toBe(false);
  expect(await server.shown()).toBe(serialOf(first.chainText));
});

test("watching ends with its signal", async () => {
  const stop = new AbortController();
  const watching = watchCertificate({
    certificate: await readCertificate(installed("ended")),
    use: () => Promise.resolve(),
    log: { info: () => {} } as unknown as Logger,
    signal: stop.signal,
  });
  stop.abort();
  await watching;
});
