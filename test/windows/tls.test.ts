import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serialOf, shownSerial } from "../shown-certificate.ts";
import { openTestAuthority, type TestAuthority } from "../test-certificates.ts";
import { until } from "../until.ts";
import { openSite, placePair, type Site } from "./site.ts";

const dir = mkdtempSync(join(tmpdir(), "claw-authority-"));
let authority: TestAuthority;
let site: Site;

beforeAll(async () => {
  authority = await openTestAuthority(dir);
  site = await openSite({ authority });
  await site.startGateway();
  await site.startAgent();
}, 120_000);
afterAll(async () => {
  await site.stop();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

test("init finds the certificate beside the gateway; the agent's command says wss", () => {
  expect(site.gateway.read("gateway.toml")).toContain(`tls_cert = "ssl/pactgo.cn-chain.pem"`);
  expect(site.agent.read("agent.toml")).toContain(`url = "wss://127.0.0.1:${site.gatewayPort}/link"`);
});

test("a message is answered through TLS", async () => {
  await site.ask("zhangsan", "加密了吗");
  expect(await site.answersTo("zhangsan", "加密了吗")).toHaveLength(1);
});

test("a renewed certificate is taken without a restart, and messages are answered on", async () => {
  const renewed = await authority.issue("renewed");
  const serial = serialOf(renewed.chainText);
  expect(await shownSerial(site.gatewayPort)).not.toBe(serial);
  placePair(site.gateway, renewed);
  const shows = () =>
    shownSerial(site.gatewayPort).then(
      (shown) => shown === serial,
      () => false,
    );
  await until("the new certificate is shown", shows, 30_000);
  await site.ask("lisi", "换证书了吗");
  expect(await site.answersTo("lisi", "换证书了吗")).toHaveLength(1);
});
