import type { WxPort } from "../wx-port";

/** The contract's longest. */
const MAX_NAME_CHARS = 60;

/** Whether this is WeCom, whose sign-in codes are others than WeChat's. */
export function isInWecom(wx: Pick<WxPort, "getSystemInfoSync">): boolean {
  return wx.getSystemInfoSync().environment === "wxwork";
}

/** What the list of devices shows, e.g. “iPhone 15”; undefined for a device that does not tell. */
export function deviceName(wx: Pick<WxPort, "getDeviceInfo">): string | undefined {
  const { brand, model } = wx.getDeviceInfo();
  // Apple's come as “iPhone 15<iPhone15,4>”.
  const shortModel = model.replace(/<.*$/, "").trim();
  const isBrandSaid =
    shortModel.toLowerCase().startsWith(brand.toLowerCase()) || /^iP(hone|ad)/.test(shortModel);
  const name = isBrandSaid ? shortModel : `${brand} ${shortModel}`.trim();
  return name === "" ? undefined : name.slice(0, MAX_NAME_CHARS);
}
