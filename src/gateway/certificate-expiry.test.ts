import { expect, test } from "bun:test";
import type { Logger } from "../log.ts";
import type { Certificate } from "./certificate.ts";
import { expiryReminder } from "./certificate-expiry.ts";

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);

function reminder() {
  const warnings: string[] = [];
  const log = { warn: (message: string) => warnings.push(message) } as unknown as Logger;
  const clock = { now: START };
  return { warnings, clock, remind: expiryReminder(log, () => clock.now) };
}

const certificate = (days: number, contentHash = "a"): Certificate => ({
  files: { cert: "chain.pem", key: "key.pem" },
  cert: "",
  key: "",
  names: ["pactgo.cn"],
  expiresAt: new Date(START + days * DAY_MS),
  contentHash,
});

test("three weeks or more are not worth a word", () => {
  const { warnings, remind } = reminder();
  remind(certificate(90));
  remind(certificate(21));
  expect(warnings).toEqual([]);
});

test("fewer are, once a day, until the certificate is another", () => {
  const { warnings, remind, clock } = reminder();
  for (let hour = 0; hour < 48; hour++) {
    clock.now = START + (hour / 24) * DAY_MS;
    remind(certificate(20));
  }
  expect(warnings).toEqual([
    "证书还有 20 天到期，请检查自动续期是否正常",
    "证书还有 19 天到期，请检查自动续期是否正常",
  ]);
  remind(certificate(90, "b"));
  expect(warnings).toHaveLength(2);
  remind(certificate(5, "c"));
  expect(warnings).toHaveLength(3);
});

test("an expired one is told apart", () => {
  const { warnings, remind } = reminder();
  remind(certificate(-1));
  expect(warnings[0]).toContain("已经过期");
});
