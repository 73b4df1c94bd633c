import { themedPage } from "../../behaviors/themed-page";
import { type DeviceRow, deviceRow } from "../../utils/account/device-text";
import type { Claw } from "../../utils/claw";
import { errorText, refusalReason } from "../../utils/error-text";
import { confirmDanger } from "../../utils/screen/confirm-danger";
import { buzz, complain } from "../../utils/screen/say";

const { claw } = getApp<{ claw: Claw }>();

const FIRST: {
  rows: DeviceRow[];
  state: "loading" | "ready" | "failed";
  problem: string;
  /** The device that is just being signed out, or "". */
  removing: string;
} = { rows: [], state: "loading", problem: "", removing: "" };

/** Where one is signed in; any other device can be signed out. */
themedPage({
  data: FIRST,
  unwatch: undefined as (() => void) | undefined,

  onLoad(): void {
    this.load().catch(complain);
    this.unwatch = claw.connection.watch((connection) => {
      if (connection === "online" && this.data.state === "failed") this.load().catch(complain);
    });
  },
  onUnload(): void {
    this.unwatch?.();
  },
  async onPullDownRefresh(): Promise<void> {
    await this.load();
    await wx.stopPullDownRefresh();
  },

  async retry(): Promise<void> {
    this.setData({ state: "loading" });
    await this.load();
  },
  async load(): Promise<void> {
    try {
      const devices = await claw.api.me.devices.query();
      const now = Date.now();
      this.setData({ rows: devices.map((device) => deviceRow(device, now)), state: "ready" });
    } catch (error) {
      if (this.data.state === "ready") complain(error);
      else this.setData({ state: "failed", problem: errorText(error) });
    }
  },
  async confirmRemoval(
    event: WechatMiniprogram.BaseEvent<object, { id: string; name: string }>,
  ): Promise<void> {
    const { id, name } = event.currentTarget.dataset;
    if (this.data.removing !== "") return;
    buzz();
    const isSure = await confirmDanger({
      title: "移除这台设备？",
      content: `“${name}”会立即退出登录，直到有人在它上面点“重新登录”。手机丢了，请同时在微信里让它下线。`,
      confirmText: "移除",
    });
    if (isSure) await this.remove(id);
  },
  async remove(id: string): Promise<void> {
    this.setData({ removing: id });
    try {
      await claw.api.me.revokeDevice.mutate({ id });
      this.forget(id);
    } catch (error) {
      // Somebody was quicker.
      if (refusalReason(error) === "not-found") this.forget(id);
      else complain(error);
    }
    this.setData({ removing: "" });
  },
  forget(id: string): void {
    this.setData({ rows: this.data.rows.filter((row) => row.id !== id) });
  },
});
