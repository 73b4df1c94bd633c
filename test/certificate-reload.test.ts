import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { openCallbackSender } from "../dev/wecom-callback.ts";
import { openSecureClient, openTlsFront, type SecureClient } from "./secure-client.ts";
import { launchSecureAgent, prepareSecureGateway, type SecureGateway } from "./secure-gateway.ts";
import { serialOf, shownSerial } from "./shown-certificate.ts";
import { CORP, startSystem, type System, until } from "./system.ts";
import type { IssuedCertificate } from "./test-certificates.ts";
import { type WatchedJob, watchJob } from "./watched-job.ts";

let system: System;
let gateway: SecureGateway;
let first: IssuedCertificate;
let second: IssuedCertificate;
let third: IssuedCertificate;
let front: { url: string; stop(): Promise<void> };
const clients: SecureClient[] = [];

beforeAll(async () => {
  // An answer takes five seconds: long enough to be there before and after.
  system = await startSystem({ withoutAgent: true, model: { tokensPerSecond: 100, tokensPerAnswer: 500 } });
  gateway = await prepareSecureGateway(system);
  const { issue, caFile, ca } = gateway.authority;
  [first, second, third] = await Promise.all([issue("first"), issue("second"), issue("third", { days: 9 })]);
  pointTo(first);
  await gateway.start();
  front = openTlsFront(gateway.url, ca);
  const url = `wss://127.0.0.1:${gateway.port}/link`;
  const agent = launchSecureAgent(system, { name: "secure-agent", url, caFile });
  await until("its link is up", () => agent.up());
}, 60_000);
afterAll(async () => {
  for (const client of clients) await client.close();
  await front.stop();
  await system.stop();
}, 30_000);

/** As certbot does it: what the gateway knows are symbolic links, and they are replaced. */
function pointTo({ cert, key }: IssuedCertificate): void {
  for (const [target, path] of [
    [cert, gateway.files.cert],
    [key, gateway.files.key],
  ] as const) {
    rmSync(`${path}.new`, { force: true });
    symlinkSync(target, `${path}.new`);
    renameSync(`${path}.new`, path);
  }
}

async function openClient(name: string): Promise<SecureClient> {
  const client = openSecureClient(gateway.url, await gateway.signIn(name), gateway.authority.ca);
  clients.push(client);
  return client;
}

/** A job that is being answered. */
async function jobInProgress(client: SecureClient, text: string): Promise<WatchedJob> {
  const { jobId } = await client.api.chat.send.mutate({ text, idempotencyKey: crypto.randomUUID() });
  const job = watchJob(client, jobId);
  await until("the answer has begun", () => job.text().length > 20);
  return job;
}

async function expectWhole(job: WatchedJob): Promise<void> {
  await job.completed;
  expect(job.faults).toEqual([]);
  expect(job.end()).toMatchObject({ t: "done", text: job.text() });
}

/** Who comes at the very moment of a change may be cut off, and would come again. */
const shows = (issued: IssuedCertificate) => async () =>
  (await shownSerial(gateway.port).catch(() => "none")) === serialOf(issued.chainText);
const linksSoFar = () => gateway.program().output().split("智能体已连接").length - 1;

test("a renewal: newcomers see the new certificate, nobody else notices", async () => {
  const wecom = openCallbackSender({ ...CORP, callbackUrl: `${front.url}/wecom`, retryDelayMs: 20 });
  const client = await openClient("before");
  const job = await jobInProgress(client, "证书换了吗");
  expect(await shows(first)()).toBe(true);

  let renewed = false;
  const members: string[] = [];
  const calling = (async () => {
    while (!renewed || members.length < 5) {
      const member = `member-${members.length}`;
      members.push(member);
      expect((await wecom.sendText(member, "/help")).delivered).toBe(true);
      await Bun.sleep(50);
    }
  })();
  pointTo(second);
  await until("the new certificate is shown", shows(second));
  renewed = true;
  await calling;

  expect(job.end()).toBeUndefined();
  await expectWhole(job);
  expect(client.sockets()).toBe(1);
  expect(client.toldToReconnect()).toBe(0);
  expect(linksSoFar()).toBe(1);
  expect(gateway.program().output()).toContain("已换用新证书");
  for (const member of members)
    await until(`${member} has the answer`, () => system.wecomApi.list(member).length === 1);
}, 60_000);

test("a copy that is not finished is left alone, with a word in the log", async () => {
  const { cert, key } = gateway.files;
  for (const path of [cert, key]) rmSync(path);
  writeFileSync(cert, third.chainText.slice(0, 500));
  writeFileSync(key, third.keyText);
  await until("the log says so", () => gateway.program().output().includes("不完整或已损坏"));
  expect(await shows(second)()).toBe(true);
  copyFileSync(third.cert, cert);
  await until("the new certificate is shown", shows(third));
  await until("its age is told", () => gateway.program().output().includes("证书还有 8 天到期"));
}, 60_000);

test("a stop reaches the sockets from before and after a renewal alike", async () => {
  const [before] = clients;
  if (!before) throw new Error("no client from before");
  const after = await openClient("after");
  const jobs = [await jobInProgress(before, "旧连接"), await jobInProgress(after, "新连接")];
  expect(before.sockets()).toBe(1);

  expect(await gateway.program().stop()).toBe(0);
  expect([before, after].map((client) => client.toldToReconnect())).toEqual([1, 1]);
  await gateway.start();
  for (const job of jobs) await expectWhole(job);
}, 60_000);
