import { createTRPCClient, createWSClient, wsLink } from "@trpc/client";
import type { SignIn, UserRouter } from "../../../src/contract/user-api";
import { NoAnswerError } from "../error-text";
import type { WxPort } from "../wx-port";
import { deviceName, isInWecom } from "./device";
import { openWxSockets } from "./wx-socket";

/** The gateway asks WeChat meanwhile, which may take some seconds. */
const SIGN_IN_TIMEOUT_MS = 15_000;

export type SignInPort = Pick<
  WxPort,
  "connectSocket" | "login" | "qy" | "getSystemInfoSync" | "getDeviceInfo"
>;

/**
 * Signs in with WeChat's word for who this is, or WeCom's, on a socket of its own: the shared one is for those who have.
 *
 * @throws NoAnswerError; the gateway's refusal (`sign-in-refused`, `sign-in-unavailable`); an Error when WeChat gives no
 *   code. Its message is for people.
 */
export async function signIn(wx: SignInPort, url: string): Promise<SignIn> {
  const inWecom = isInWecom(wx);
  const code = await (inWecom ? wecomCode(wx) : wechatCode(wx));
  const name = deviceName(wx);
  const device = name === undefined ? {} : { deviceName: name };
  return await once(wx, url, (api) =>
    (inWecom ? api.auth.wecomLogin : api.auth.miniprogramLogin).mutate({ code, ...device }),
  );
}

function wechatCode(wx: Pick<WxPort, "login">): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.login({
      success: ({ code }) => resolve(code),
      fail: () => reject(new Error("微信登录没有成功，请稍后再试")),
    });
  });
}

function wecomCode(wx: Pick<WxPort, "qy">): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error("企业微信登录没有成功，请稍后再试"));
    if (!wx.qy) fail();
    else wx.qy.login({ success: ({ code }) => resolve(code), fail });
  });
}

type Api = ReturnType<typeof createTRPCClient<UserRouter>>;

/** One call on a socket that ends with it. */
function once<T>(wx: Pick<WxPort, "connectSocket">, url: string, call: (api: Api) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const sockets = openWxSockets(wx);
    let isOver = false;
    const finish = (settle: () => void) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      settle();
      // Before it is closed, or the client would wait for what is still asked.
      for (const socket of sockets.present()) socket.drop();
      client.close().catch(() => undefined);
    };
    const noAnswer = () => finish(() => reject(new NoAnswerError()));
    const timer = setTimeout(noAnswer, SIGN_IN_TIMEOUT_MS);
    const client = createWSClient({
      url,
      WebSocket: sockets.WebSocket,
      lazy: { enabled: true, closeMs: SIGN_IN_TIMEOUT_MS },
      // One try is enough: whoever signs in knows when to try again.
      onClose: noAnswer,
    });
    call(createTRPCClient<UserRouter>({ links: [wsLink({ client })] })).then(
      (result) => finish(() => resolve(result)),
      (error: unknown) => finish(() => reject(error)),
    );
  });
}
