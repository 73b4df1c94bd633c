import { expect, test } from "bun:test";
import type { Device } from "../../../src/contract/user";
import { deviceRow } from "./device-text";

test("a device's line says by which way in, and when", () => {
  const now = new Date(2025, 10, 22, 12).getTime();
  const day = new Date(2025, 10, 3, 9).getTime();
  const device: Device = {
    id: "device-1",
    name: "iPhone 15",
    channel: "miniprogram",
    signedInAt: day,
    lastSeenAt: now - 5 * 60_000,
    current: false,
  };
  expect(deviceRow(device, now)).toEqual({
    id: "device-1",
    name: "iPhone 15",
    note: "微信小程序 · 11月3日登录",
    seen: "最近使用：5 分钟前",
    current: false,
  });
  const { name: _, ...nameless } = device;
  expect(deviceRow({ ...nameless, channel: "wecom-miniprogram", current: true }, now)).toMatchObject({
    name: "未知设备",
    note: "企业微信 · 11月3日登录",
    seen: "正在使用",
  });
});
