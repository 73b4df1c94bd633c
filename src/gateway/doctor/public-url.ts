import { about, type Finding } from "../../doctor/finding.ts";
import type { Check } from "../../doctor/run-checks.ts";

/** Is the address for the world known, and is it one that WeCom and mini-programs can use? */
export function publicUrlCheck(options: { publicUrl: string; wecom: boolean }): Check {
  const title = "公网地址";
  return {
    id: "public-url",
    title,
    run: () => Promise.resolve([judge(options)]),
  };

  function judge({ publicUrl, wecom }: typeof options): Finding {
    const it = about("public-url", title);
    if (publicUrl === "")
      return it.warning(
        "没有填 server.public_url",
        '填上网关的公网地址，例如 public_url = "https://pactgo.cn"',
      );
    if (!publicUrl.startsWith("https://"))
      return it.warning(
        `${publicUrl} 不是 https：小程序不接受这样的地址，消息也会明文传输`,
        "给网关配上证书（server.tls_cert、server.tls_key）或放在 nginx 之后，再把 server.public_url 改成 https://…",
      );
    return it.ok(wecom ? `${publicUrl}，企业微信的接收消息 URL 应填 ${publicUrl}/wecom` : publicUrl);
  }
}
