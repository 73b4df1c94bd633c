/** The part of `wx` that the core stands on. https://developers.weixin.qq.com/miniprogram/dev/api/ */
export interface WxPort {
  connectSocket(options: {
    url: string;
    timeout?: number;
    fail?: (error: { errMsg: string }) => void;
  }): SocketTask;
  login(options: CodeCallbacks): unknown;
  /** Only inside WeCom. */
  readonly qy?: { login(options: CodeCallbacks): unknown };
  /** `environment` is `wxwork` inside WeCom, and absent in WeChat. */
  getSystemInfoSync(): { environment?: string };
  getDeviceInfo(): { brand: string; model: string };
  getStorageSync(key: string): unknown;
  setStorageSync(key: string, data: unknown): void;
  onAppShow(listener: () => void): void;
  offAppShow(listener: () => void): void;
  onAppHide(listener: () => void): void;
  offAppHide(listener: () => void): void;
  onNetworkStatusChange(listener: (status: NetworkStatus) => void): void;
  offNetworkStatusChange(listener: (status: NetworkStatus) => void): void;
}

export interface SocketTask {
  send(options: { data: string; fail?: (error: { errMsg: string }) => void }): void;
  close(options: { code?: number; reason?: string; fail?: () => void }): void;
  onOpen(listener: () => void): void;
  onMessage(listener: (message: { data: string | ArrayBuffer }) => void): void;
  onClose(listener: (result: { code: number; reason: string }) => void): void;
  onError(listener: (error: { errMsg: string }) => void): void;
}

/** `off…` is declared with another event than `on…`: this fits both. */
export interface NetworkStatus {
  readonly isConnected?: boolean;
  readonly errMsg?: string;
}

interface CodeCallbacks {
  success(result: { code: string }): void;
  fail(error: { errMsg: string }): void;
}
