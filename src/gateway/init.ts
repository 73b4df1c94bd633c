import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { type Command, type Given, UsageError } from "../command-line.ts";
import { AgentId } from "../contract/identifiers.ts";
import { checkFlag, newConfigPath, howToStart, writeNewConfig } from "../new-config.ts";
import { print } from "../print.ts";
import { GATEWAY_CONFIG_FILE, settings } from "./config.ts";
import { gatewayToml, type NewGateway } from "./config-template.ts";

/** Where an administrator puts the certificate, beside the configuration; the files are called after the host. */
const HOST = "pactgo.cn";
const TLS = { cert: `ssl/${HOST}-chain.pem`, key: `ssl/${HOST}-key.pem` } as const;
const HTTPS_PORT = 443;
/** Needs no special rights, and is seldom taken. */
const HTTP_PORT = 8080;
const FIRST_AGENT_ID = "b1";
/** 192 random bits as 48 hexadecimal digits, which need no quotes in any shell. */
const SECRET_BYTES = 24;

/** `claw-gateway init`: a configuration that starts as it is, and the command that makes the agent's. */
export const initCommand: Command = {
  summary: "生成配置文件（含密钥），并给出在智能体机器上要运行的命令",
  flags: {
    config: { type: "string", value: "文件", help: "写到这个文件；不写就在可执行文件旁边" },
    "public-url": { type: "string", value: "网址", help: "外界访问网关的网址，例如 https://pactgo.cn" },
    port: { type: "string", value: "端口", help: "监听端口；默认有证书时 443，没有时 8080" },
    "agent-id": { type: "string", value: "编号", help: `第一个智能体的编号，默认 ${FIRST_AGENT_ID}` },
  },
  async run(given) {
    const file = newConfigPath(given.text("config"), GATEWAY_CONFIG_FILE);
    const gateway = newGateway(given, dirname(file));
    writeNewConfig(file, gatewayToml(gateway));
    print(report(file, gateway, howToStart(given.text("config"))));
    return 0;
  },
};

function newGateway(given: Given, dir: string): NewGateway {
  const tls = existsSync(join(dir, TLS.cert)) && existsSync(join(dir, TLS.key)) ? TLS : undefined;
  const usualPort = tls ? HTTPS_PORT : HTTP_PORT;
  const port = checkFlag("--port", settings["server.port"], given.text("port") ?? String(usualPort));
  const ownUrl = tls ? `https://${HOST}${port === HTTPS_PORT ? "" : `:${port}`}` : "";
  const id = given.text("agent-id") ?? FIRST_AGENT_ID;
  if (!v.is(AgentId, id)) throw new UsageError("--agent-id 不对：只能用字母、数字、- 和 _，最长 32 位");
  return {
    publicUrl: checkFlag("--public-url", settings["server.public_url"], given.text("public-url") ?? ownUrl),
    port,
    tls,
    sessionSecret: randomBytes(SECRET_BYTES).toString("hex"),
    agent: { id, key: randomBytes(SECRET_BYTES).toString("hex") },
  };
}

function report(file: string, gateway: NewGateway, next: string): string {
  const { agent, publicUrl } = gateway;
  const url = `${publicUrl || `http://${ownAddress()}:${gateway.port}`}/link`.replace(/^http/, "ws");
  return `已生成配置：${file}
（含密钥，请勿外传）

${howReached(gateway)}

接下来：

1. 在智能体机器（B）上，到 claw-agent 所在的文件夹里运行：

   ./claw-agent init --gateway ${url} --id ${agent.id} --key ${agent.key}

   Windows 上把开头换成 .\\claw-agent.exe，后面相同。${publicUrl ? "" : "\n   如果 B 连不上这个地址，换成 B 能访问到的本机地址。"}

2. 接入企业微信：填写上面这个配置文件中的 [wecom] 一节，每一项从哪里来，旁边都有说明。
3. ${next}`;
}

function howReached({ tls, port, publicUrl }: NewGateway): string {
  if (tls) return `网关自己做 TLS：证书 ${tls.cert}，端口 ${port}，网址 ${publicUrl}`;
  const plain = `配置文件旁边没有证书（${TLS.cert} 和 ${TLS.key}），所以网关在端口 ${port} 上只提供不加密的 HTTP。`;
  return publicUrl
    ? `${plain}\n请让前面的 nginx 以 ${publicUrl} 对外提供（见 deploy/nginx.conf）；要网关自己做 TLS，配置文件里写了怎么改。`
    : `${plain}\n这样可以先在内网试用；企业微信和小程序都要求 HTTPS，配置文件里写了怎么改。`;
}

/** This machine's address for others, as far as it can know: behind NAT it has a public one besides. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}
