import type { Device } from "../../../src/contract/user";
import { relativeTime } from "../screen/time-text";

/** A device as its owner sees it in a list. */
export interface DeviceRow {
  id: string;
  name: string;
  /** By which way it came in, and when. */
  note: string;
  /** When it was there last. */
  seen: string;
  current: boolean;
}

const CHANNELS = new Map([
  ["miniprogram", "微信小程序"],
  ["wecom-miniprogram", "企业微信"],
  ["web", "网页"],
]);

/** @param now ms since 1970 */
export function deviceRow(device: Device, now: number): DeviceRow {
  const channel = CHANNELS.get(device.channel) ?? device.channel;
  return {
    id: device.id,
    name: device.name ?? "未知设备",
    note: `${channel} · ${relativeTime(device.signedInAt, now)}登录`,
    seen: device.current ? "正在使用" : `最近使用：${relativeTime(device.lastSeenAt, now)}`,
    current: device.current,
  };
}
