/** WeChat's sign-in API, as far as a gateway needs it: every code `user-<name>` belongs to the openid `openid-<name>`. */
export interface WechatLogin {
  url: string;
  stop(): Promise<void>;
}

/** https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-login/code2Session.html */
export function startWechatLogin(options: { port?: number; appId: string; secret: string }): WechatLogin {
  const { port = 0, appId, secret } = options;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port,
    fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname !== "/sns/jscode2session") return new Response(null, { status: 404 });
      if (searchParams.get("appid") !== appId) return refuse(40013, "invalid appid");
      if (searchParams.get("secret") !== secret) return refuse(40125, "invalid appsecret");
      const name = /^user-(\w+)$/.exec(searchParams.get("js_code") ?? "")?.[1];
      if (name === undefined) return refuse(40029, "invalid code");
      return Response.json({ openid: `openid-${name}`, session_key: "c2Vzc2lvbi1rZXktMTIzNA==" });
    },
  });
  return { url: `http://127.0.0.1:${server.port}`, stop: () => server.stop(true) };
}

/** WeChat answers errors with HTTP 200, too. */
function refuse(errcode: number, errmsg: string): Response {
  return Response.json({ errcode, errmsg });
}
