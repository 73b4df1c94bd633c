/** What mini-programs have inside WeCom only. https://developer.work.weixin.qq.com/document/path/91506 */
declare namespace WechatMiniprogram {
  interface SystemInfo {
    /** `wxwork` inside WeCom. */
    environment?: string;
  }
  interface Wx {
    readonly qy?: {
      login(options: {
        success(result: { code: string }): void;
        fail(error: { errMsg: string }): void;
      }): void;
    };
  }
}
