/** Where the gateway is. Must be among the mini-program's server domains (socket) in WeChat's console. */
export const GATEWAY_URL = "wss://pactgo.cn/trpc";
