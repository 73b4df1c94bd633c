import { tomlString } from "../new-config.ts";

/** What `init` fills in; everything else gets its default, or stays empty. */
export interface NewAgent {
  readonly gatewayUrl: string;
  readonly id: string;
  readonly key: string;
  readonly lmStudioUrl: string;
}

/** An agent.toml with every key, each with what it is and where its value comes from. */
export function agentToml({ gatewayUrl, id, key, lmStudioUrl }: NewAgent): string {
  return `# 智控未来 Claw 智能体（B）的配置，由 claw-agent init 生成。
#
# 改完运行 claw-agent doctor 检查，再重启智能体生效。
# 每一项都可以用方括号里写的环境变量覆盖。相对路径从本文件所在的文件夹算起。
# Windows 的路径要用单引号，例如 data_dir = 'D:\\claw-data'；双引号里的 \\ 有别的含义。
# 本文件含有密钥：不要外传，也不要放进代码仓库。

# 数据文件夹：会话记录（agent.sqlite），以及作为服务运行时的日志。请备份。[CLAW_DATA_DIR]
data_dir = "data"

[gateway]
# 网关的地址，以 /link 结尾；网关有证书用 wss://，没有用 ws://。[CLAW_GATEWAY_URL]
url = ${tomlString(gatewayUrl)}

# 网关的证书由公司自己的 CA 签发时，填这个 CA 证书（PEM 文件）。留空：信任公共的证书机构。[CLAW_GATEWAY_CA]
ca = ""

[agent]
# 本机的编号和密钥，与网关 gateway.toml 中 agents 的一项（编号:密钥）一致；一台机器一个编号。
# [CLAW_AGENT_ID、CLAW_AGENT_KEY]
id = ${tomlString(id)}
key = ${tomlString(key)}

# 同时回答几个问题，最多 256。0：按 LM Studio 里设置的并行数，它没有报告就是 4。[CLAW_AGENT_SLOTS]
slots = 0

# 每个人最多同时执行几个任务，其余的排队；对话总是优先，不占这个数。[CLAW_AGENT_TASKS_PER_USER]
tasks_per_user = 2

[lmstudio]
# LM Studio 的地址，见它的 Developer（开发者）页面，先在那里启动服务。[CLAW_LMSTUDIO_BASE_URL]
base_url = ${tomlString(lmStudioUrl)}

# 用哪个模型，例如 "qwen3-8b"。留空：用已经加载的那个。[CLAW_LMSTUDIO_MODEL]
model = ""

# LM Studio 设了访问密钥时填写。[CLAW_LMSTUDIO_API_KEY]
api_key = ""

# 等模型说第一个字，最多几秒（从发出请求算起，包括加载模型、排在别人后面、读完提问）；超过就算失败。
# 模型很大、加载要十分钟以上时加大。[CLAW_LMSTUDIO_FIRST_WORD_SECONDS]
first_word_seconds = 600

# 开口之后，中途最多沉默几秒；超过就算失败。[CLAW_LMSTUDIO_SILENCE_SECONDS]
silence_seconds = 120

# 一次回答或一个任务从发出请求到写完，最多几分钟；超过就中止。任务要写几小时的，加大它。
# [CLAW_LMSTUDIO_ANSWER_MINUTES]
answer_minutes = 60

[admin]
# 健康检查（/healthz、/readyz）的监听地址和端口，只给本机用。[CLAW_ADMIN_HOST、CLAW_ADMIN_PORT]
host = "127.0.0.1"
port = 8790
`;
}
