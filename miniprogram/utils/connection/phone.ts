import type { NetworkStatus, WxPort } from "../wx-port";

export type PhonePort = Pick<
  WxPort,
  "onAppShow" | "offAppShow" | "onAppHide" | "offAppHide" | "onNetworkStatusChange" | "offNetworkStatusChange"
>;

/** What happens to the phone that a connection has to know. Returns a function that ends it. */
export function watchPhone(
  wx: PhonePort,
  told: {
    /** The app is seen again. */
    onShow: () => void;
    /** In the background WeChat ends all sockets after some seconds, and lets nobody open new ones. */
    onHide: () => void;
    /** There is another network than before, or one again. */
    onNetwork: () => void;
    /** There is none. */
    onNoNetwork: () => void;
  },
): () => void {
  const onNetworkStatus = ({ isConnected }: NetworkStatus) =>
    isConnected === false ? told.onNoNetwork() : told.onNetwork();
  wx.onAppShow(told.onShow);
  wx.onAppHide(told.onHide);
  wx.onNetworkStatusChange(onNetworkStatus);
  return () => {
    wx.offAppShow(told.onShow);
    wx.offAppHide(told.onHide);
    wx.offNetworkStatusChange(onNetworkStatus);
  };
}
