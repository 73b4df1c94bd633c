import { type Command, UsageError } from "../command-line.ts";
import { checkFlag, newConfigPath, howToStart, writeNewConfig } from "../new-config.ts";
import { print } from "../print.ts";
import { agentToml, type NewAgent } from "./config-template.ts";
import { AGENT_CONFIG_FILE, settings } from "./config.ts";

/** What the gateway's `init` printed. */
const FROM_GATEWAY = ["gateway", "id", "key"] as const;

/** `claw-agent init`: a configuration that finds its gateway. */
export const initCommand: Command = {
  summary: "生成配置文件；要用的三个值由网关的 init 给出",
  flags: {
    gateway: { type: "string", value: "网址", help: "网关的地址，例如 wss://pactgo.cn/link" },
    id: { type: "string", value: "编号", help: "本机的编号，与网关 agents 中的一致" },
    key: { type: "string", value: "密钥", help: "对应的密钥" },
    lmstudio: { type: "string", value: "网址", help: "LM Studio 的地址，默认 http://127.0.0.1:1234" },
    config: { type: "string", value: "文件", help: "写到这个文件；不写就在可执行文件旁边" },
  },
  async run(given) {
    const agent = newAgent((flag) => given.text(flag));
    const file = newConfigPath(given.text("config"), AGENT_CONFIG_FILE);
    writeNewConfig(file, agentToml(agent));
    print(report(file, agent, howToStart(given.text("config"))));
    return 0;
  },
};

function newAgent(text: (flag: string) => string | undefined): NewAgent {
  const missing = FROM_GATEWAY.filter((flag) => text(flag) === undefined);
  if (missing.length > 0) throw new UsageError(whatIsMissing(missing));
  return {
    gatewayUrl: checkFlag("--gateway", settings["gateway.url"], linkUrl(text("gateway") ?? "")),
    id: checkFlag("--id", settings["agent.id"], text("id") ?? ""),
    key: checkFlag("--key", settings["agent.key"], text("key") ?? ""),
    lmStudioUrl: checkFlag("--lmstudio", settings["lmstudio.base_url"], text("lmstudio") ?? ""),
  };
}

function whatIsMissing(flags: readonly string[]): string {
  return `还缺 ${flags.map((flag) => `--${flag}`).join("、")}。

完整的命令：claw-agent init --gateway wss://域名/link --id 编号 --key 密钥
在网关机器（A）上运行 claw-gateway init，它会打印这条命令，照抄即可；
网关已经配置好了的话，编号和密钥就是它的 gateway.toml 里 agents 中的一项（编号:密钥）。`;
}

/** The gateway's address as people write it, as the one of its link: `pactgo.cn`, `https://pactgo.cn/` and so on. */
function linkUrl(address: string): string {
  const withScheme = /^\w+:\/\//.test(address) ? address : `wss://${address}`;
  const url = withScheme.replace(/^http/, "ws").replace(/\/+$/, "");
  return url.endsWith("/link") ? url : `${url}/link`;
}

function report(file: string, { gatewayUrl, id, lmStudioUrl }: NewAgent, next: string): string {
  return `已生成配置：${file}
（含密钥，请勿外传）

网关 ${gatewayUrl}，本机编号 ${id}，LM Studio ${lmStudioUrl}

接下来：

1. 在 LM Studio 里加载模型，并启动它的本地服务。
2. ${next}`;
}
