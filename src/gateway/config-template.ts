import { tomlString } from "../new-config.ts";

/** What `init` fills in; everything else gets its default, or stays empty. */
export interface NewGateway {
  /** Empty: not known. */
  readonly publicUrl: string;
  readonly port: number;
  /** PEM files, relative to the configuration; undefined: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly sessionSecret: string;
  readonly agent: { readonly id: string; readonly key: string };
}

/** A gateway.toml with every key, each with what it is and where its value comes from. */
export function gatewayToml({ publicUrl, port, tls, sessionSecret, agent }: NewGateway): string {
  return `# 智控未来 Claw 网关（A）的配置，由 claw-gateway init 生成。
#
# 现在就可以启动；接入企业微信要填 [wecom] 一节，接入小程序要填 [miniprogram] 一节。
# 改完运行 claw-gateway doctor 检查，再重启网关生效。
# 每一项都可以用方括号里写的环境变量覆盖。相对路径从本文件所在的文件夹算起。
# Windows 的路径要用单引号，例如 data_dir = 'D:\\claw-data'；双引号里的 \\ 有别的含义。
# 本文件含有密钥：不要外传，也不要放进代码仓库。

# 数据文件夹：自带的 Redis 的数据，以及作为服务运行时的日志。一个文件夹只能给一个网关用。[CLAW_DATA_DIR]
data_dir = "data"

# 允许接入的智能体（B），每项为 "编号:密钥"；新会话分给第一个。[CLAW_AGENTS，用逗号隔开]
# 编号只能用字母、数字、- 和 _，最长 32 位。每台 B 用自己的编号和密钥。
# 再加一台，就在后面加一项：agents = ["b1:密钥", "b2:另一个密钥"]；密钥自己定，40 位以上的随机字母和数字，例如：
#   Linux                openssl rand -hex 24
#   Windows PowerShell   [guid]::NewGuid().ToString("N") + [guid]::NewGuid().ToString("N")
agents = [${tomlString(`${agent.id}:${agent.key}`)}]

[server]
# 监听地址。0.0.0.0：所有网卡；前面有同一台机器上的 nginx 时可改为 127.0.0.1。[CLAW_SERVER_HOST]
host = "0.0.0.0"

# 端口。自己做 TLS 时用 443；在 nginx 后面用 8080 这样的端口。[CLAW_SERVER_PORT]
port = ${port}

# 外界访问网关的网址，例如 https://pactgo.cn；企业微信的回调地址就是它后面加 /wecom。[CLAW_SERVER_PUBLIC_URL]
public_url = ${tomlString(publicUrl)}

# 证书（含中间证书）和私钥，PEM 文件；换了新文件会自动读入，不用重启。[CLAW_SERVER_TLS_CERT、CLAW_SERVER_TLS_KEY]
# 两项都留空：只提供 HTTP，由前面的 nginx 做 TLS（见 deploy/nginx.conf）。
# 要网关自己做 TLS：把文件放进旁边的 ssl 文件夹，填 tls_cert = "ssl/pactgo.cn-chain.pem"、
# tls_key = "ssl/pactgo.cn-key.pem"，port 改为 443，并把 B 上 agent.toml 的网关地址改为 wss://域名/link。
tls_cert = ${tomlString(tls?.cert ?? "")}
tls_key = ${tomlString(tls?.key ?? "")}

[auth]
# 用来签发用户的登录凭证，已随机生成。改掉它，所有人都要重新登录。[CLAW_AUTH_SESSION_SECRET]
session_secret = ${tomlString(sessionSecret)}

# 任务：用 /task 或小程序交办的工作。
[tasks]
# 每个人最多有几个未完成的任务，再多就不收。[CLAW_TASKS_MAX_OPEN]
max_open = 20

# 智能体不在线时，任务和消息最多等几小时；超过就不再执行，并告诉提交的人。[CLAW_TASKS_QUEUE_HOURS]
queue_hours = 24

# 智能体在线，但进行中的任务几分钟都没有任何进展，就算失败。[CLAW_TASKS_SILENCE_MINUTES]
silence_minutes = 30

# 企业微信自建应用。五项都填才启用，都留空则不启用。
# 位置：管理后台 work.weixin.qq.com → 应用管理 → 自建 → 这个应用（没有就先创建）。
[wecom]
# 企业 ID：我的企业 → 企业信息，最下面，以 ww 开头。[CLAW_WECOM_CORP_ID]
corp_id = ""

# 应用页面上的 AgentId，数字。[CLAW_WECOM_AGENT_ID]
agent_id = ""

# 应用页面上的 Secret，点“查看”后在手机上的企业微信里看。[CLAW_WECOM_SECRET]
secret = ""

# 应用页面 → 接收消息 → 设置API接收：URL 填 https://域名/wecom，Token 和 EncodingAESKey（43 位）点“随机获取”，
# 抄到这里。先重启网关，再在那里点“保存”：保存时企业微信会马上来访问。[CLAW_WECOM_TOKEN、CLAW_WECOM_AES_KEY]
token = ""
aes_key = ""

# 应用页面 → 企业可信IP：填本机的公网出口 IP，否则消息发不出去（错误 60020）。这里没有要填的。

# 企业微信接口的地址，一般不用改。[CLAW_WECOM_API_BASE]
api_base = "https://qyapi.weixin.qq.com"

# 微信小程序登录。两项都填才启用，都留空则不启用。
# 位置：mp.weixin.qq.com → 管理 → 开发管理 → 开发设置 → 开发者ID。
[miniprogram]
# AppID，以 wx 开头。[CLAW_MINIPROGRAM_APP_ID]
app_id = ""

# AppSecret，点“生成”后只显示一次。[CLAW_MINIPROGRAM_SECRET]
secret = ""

# 微信接口的地址，一般不用改。[CLAW_MINIPROGRAM_API_BASE]
api_base = "https://api.weixin.qq.com"

[redis]
# 留空：网关自己运行一个 Redis。多台网关合用一个时填它的地址（Redis 5 以上或 Valkey），
# 可用 redis://、rediss://、redis+sentinel://、redis+cluster:// 开头的网址。[CLAW_REDIS_URL]
url = ""

# 改用这个 redis-server 程序。留空：用内置的，没有内置就用可执行文件旁边的。[CLAW_REDIS_SERVER_PATH]
server_path = ""
`;
}
