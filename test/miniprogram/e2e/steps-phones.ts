import { afterAll, beforeAll, test } from "bun:test";
import type { Page } from "playwright-core";
import { CHROMIUM } from "../../../dev/miniprogram/browser.ts";
import type { ServedSettings } from "../../../dev/miniprogram/serve.ts";
import { startSystem, type System, type SystemOptions } from "../../system.ts";
import {
  assertNoProblems,
  type Device,
  type DeviceOptions,
  type MiniProgramBrowser,
  startMiniProgram,
} from "../harness.ts";

/** What a step may take on a slow machine. */
const STEP_MS = 15_000;

/** A test's phones. Each is looked through for problems at the end of the test, and put away. */
export interface Phones {
  readonly system: System;
  open(options: DeviceOptions): Promise<Device>;
}

/** A system and a browser for the tests of one file, which the function that it returns defines. */
export function testsOnPhones(
  options: SystemOptions,
  settings: ServedSettings = { privacyAgreed: true },
): (name: string, run: (phones: Phones) => Promise<void>) => void {
  let system: System | undefined;
  let browser: MiniProgramBrowser | undefined;
  beforeAll(async () => {
    if (CHROMIUM === "") return;
    system = await startSystem(options);
    const gatewayUrl = `${system.gatewayUrl.replace("http", "ws")}/trpc`;
    browser = await startMiniProgram({ gatewayUrl, settings });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  }, 30_000);
  return (name, run) =>
    test.skipIf(CHROMIUM === "")(name, async () => {
      if (!system || !browser) throw new Error("not started");
      await withPhones(system, browser, run);
    });
}

async function withPhones(
  system: System,
  browser: MiniProgramBrowser,
  run: (phones: Phones) => Promise<void>,
): Promise<void> {
  const devices: Device[] = [];
  const open = async (options: DeviceOptions) => {
    const device = await browser.open(options);
    devices.push(device);
    device.page.setDefaultTimeout(STEP_MS);
    return device;
  };
  try {
    await run({ system, open });
    for (const device of devices) await assertNoProblems(device);
  } finally {
    for (const device of devices) await device.close();
  }
}

/** Presses one of the tabs at the bottom: 首页, 任务, 我的. */
export async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation").getByRole("button", { name }).click();
}

/** What wx.showModal and wx.showActionSheet show. */
export async function answerDialog(page: Page, answer: string): Promise<void> {
  await page.getByRole("dialog").getByRole("button", { name: answer, exact: true }).click();
}

/** Pulls the page on top down, as a finger does to refresh it. */
export async function pullDown(page: Page): Promise<void> {
  await page.mouse.move(180, 200);
  await page.mouse.down();
  await page.mouse.move(180, 280, { steps: 4 });
  await page.mouse.move(180, 400, { steps: 4 });
  await page.mouse.up();
}
