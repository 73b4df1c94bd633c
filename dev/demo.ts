import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { startLmStudio } from "./lm-studio.ts";
import { settingsWithGateway } from "./miniprogram/gateway-host.ts";
import { type MiniProgramPage, miniProgramPage } from "./miniprogram/serve.ts";
import { freePort, type Program, startProgram, untilReady } from "./program.ts";
import { startWechatLogin } from "./wechat-login.ts";
import { startWecomApi } from "./wecom-api.ts";
import { openCallbackSender } from "./wecom-callback.ts";
import { type DemoPart, wecomPage } from "./wecom-page.ts";

// The whole system on this machine: the real gateway with its own Redis and the real agent; what cannot be had here
// (WeCom, WeChat, and LM Studio if none runs) is stood in for. Ctrl+C stops everything.

const LM_STUDIO = "http://127.0.0.1:1234";
const MINI_PROGRAM_BASE = "/miniprogram/";
const PAGE_PORT = Number(process.env["CLAW_DEMO_PORT"] ?? 8080);
const STAND_IN_TOKENS_PER_SECOND = 40;
const dataDir = resolve(process.env["CLAW_DEMO_DATA"] ?? join(import.meta.dir, "..", "data", "demo"));

const WECOM = {
  corpId: "wwdemo00000000001",
  agentId: "1000002",
  secret: crypto.randomUUID(),
  token: "demoToken",
  aesKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
};
const MINIPROGRAM = { appId: "wxdemo0000000001", secret: crypto.randomUUID() };
const agentKey = crypto.randomUUID();

const stopping = new AbortController();
const stop = () => stopping.abort();
process.on("SIGINT", stop);
process.on("SIGTERM", stop);
process.on("SIGHUP", stop);

mkdirSync(dataDir, { recursive: true });
const closers: (() => Promise<unknown>)[] = [];
try {
  await startEverything();
  await new Promise<void>((resolve) => {
    if (stopping.signal.aborted) resolve();
    stopping.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  console.log("\n正在停止……");
} finally {
  for (const close of closers.toReversed()) await close();
}
console.log("已全部停止。");
process.exit(0);

async function startEverything(): Promise<void> {
  const realModel = await answers(`${LM_STUDIO}/v1/models`);
  const model = realModel ? undefined : startLmStudio({ tokensPerSecond: STAND_IN_TOKENS_PER_SECOND });
  if (model) closers.push(() => model.stop());
  const wecomApi = await startWecomApi({ ...WECOM, agentId: Number(WECOM.agentId) });
  closers.push(() => wecomApi.stop());
  const wechat = startWechatLogin(MINIPROGRAM);
  closers.push(() => wechat.stop());

  const gatewayUrl = `http://127.0.0.1:${freePort()}`;
  const adminUrl = `http://127.0.0.1:${freePort()}`;
  const gateway = start("gateway", {
    CLAW_SERVER_HOST: "127.0.0.1",
    CLAW_SERVER_PORT: new URL(gatewayUrl).port,
    CLAW_DATA_DIR: join(dataDir, "gateway"),
    CLAW_AUTH_SESSION_SECRET: crypto.randomUUID(),
    CLAW_AGENTS: `demo:${agentKey}`,
    CLAW_WECOM_CORP_ID: WECOM.corpId,
    CLAW_WECOM_AGENT_ID: WECOM.agentId,
    CLAW_WECOM_SECRET: WECOM.secret,
    CLAW_WECOM_TOKEN: WECOM.token,
    CLAW_WECOM_AES_KEY: WECOM.aesKey,
    CLAW_WECOM_API_BASE: wecomApi.url,
    CLAW_MINIPROGRAM_APP_ID: MINIPROGRAM.appId,
    CLAW_MINIPROGRAM_SECRET: MINIPROGRAM.secret,
    CLAW_MINIPROGRAM_API_BASE: wechat.url,
  });
  await untilReady(`${gatewayUrl}/readyz`, gateway);
  const agent = start("agent", {
    CLAW_GATEWAY_URL: `${gatewayUrl.replace("http", "ws")}/link`,
    CLAW_AGENT_ID: "demo",
    CLAW_AGENT_KEY: agentKey,
    CLAW_LMSTUDIO_BASE_URL: model?.url ?? LM_STUDIO,
    CLAW_DATA_DIR: join(dataDir, "agent"),
    CLAW_ADMIN_PORT: new URL(adminUrl).port,
  });
  // A real LM Studio without a loaded model is no reason to stop: the page shows what happens then.
  await untilReady(realModel ? `${adminUrl}/healthz` : `${adminUrl}/readyz`, agent);

  const miniProgram = miniProgramPage({
    base: MINI_PROGRAM_BASE,
    settings: {
      ...settingsWithGateway(`${gatewayUrl.replace("http", "ws")}/trpc`),
      notice: "浏览器预览，不是微信：登录、隐私授权等由本页代替",
    },
  });
  const page = servePage(miniProgram, {
    sender: openCallbackSender({ ...WECOM, callbackUrl: `${gatewayUrl}/wecom` }),
    sent: wecomApi,
    parts: partsOf(realModel),
    signal: stopping.signal,
  });
  closers.push(() => page.stop(true));
  console.log(`
智控未来 Claw 已启动，请在浏览器中打开：

    http://127.0.0.1:${page.port}                企业微信（模拟）
    http://127.0.0.1:${page.port}${MINI_PROGRAM_BASE}    小程序（浏览器预览，不是微信；加 ?user=名字 换一个用户）

${partsOf(realModel)
  .map(({ name, standIn, note }) => `  ${standIn ? "替身" : "真实"}  ${name}：${note}`)
  .join("\n")}

按 Ctrl+C 停止全部。
`);
}

function start(name: "gateway" | "agent", env: Record<string, string>): Program {
  const program = startProgram({
    entry: `src/${name}/main.ts`,
    env,
    onOutput: (text) => process.stdout.write(text),
  });
  closers.push(() => program.stop());
  program.exited.then(
    (code) => {
      if (!stopping.signal.aborted) console.error(`${name} 意外退出（代码 ${code}），演示结束。`);
      stopping.abort();
    },
    () => stopping.abort(),
  );
  return program;
}

function servePage(miniProgram: MiniProgramPage, options: Parameters<typeof wecomPage>[0]) {
  const app = wecomPage(options);
  // Its documents name their parts by paths that count from below the slash.
  app.get(MINI_PROGRAM_BASE.slice(0, -1), (c) => {
    return c.redirect(`${MINI_PROGRAM_BASE}${new URL(c.req.url).search}`);
  });
  app.get(`${MINI_PROGRAM_BASE}*`, (c) => miniProgram.fetch(c.req.raw));
  const serve = (port: number) =>
    Bun.serve({ hostname: "127.0.0.1", port, idleTimeout: 30, fetch: (request) => app.fetch(request) });
  try {
    return serve(PAGE_PORT);
  } catch {
    // Somebody else has the usual port.
    return serve(0);
  }
}

function partsOf(realModel: boolean): DemoPart[] {
  return [
    { name: "网关", standIn: false, note: "真实程序，自带真实的 Redis" },
    { name: "智能体", standIn: false, note: "真实程序，数据存在 SQLite" },
    realModel
      ? { name: "模型服务", standIn: false, note: `在 ${LM_STUDIO} 上找到的服务` }
      : { name: "模型服务", standIn: true, note: `没有在 ${LM_STUDIO} 找到 LM Studio，回答是模拟的` },
    { name: "企业微信", standIn: true, note: "本页面模拟，加密回调和发消息接口与真实的一致" },
    { name: "小程序（浏览器预览）", standIn: false, note: "真实的小程序代码，在浏览器里运行，不是微信" },
    { name: "微信登录", standIn: true, note: "供小程序登录使用" },
  ];
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(800) })).ok;
  } catch {
    return false;
  }
}
