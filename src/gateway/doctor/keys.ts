import { about, type Finding } from "../../doctor/finding.ts";
import type { Check } from "../../doctor/run-checks.ts";
import type { GatewayConfig } from "../config.ts";

/** A shorter secret for tokens can be found by trying; the gateway warns of it when it starts, too. */
const SECURE_SECRET_CHARS = 32;
/** Whoever guesses a key receives what members write. 24 random characters hold well over 100 bits. */
const SECURE_KEY_CHARS = 24;
/** The link takes no longer one (LinkGreeting). */
const MAX_KEY_CHARS = 256;

/** Are the secrets that an administrator makes up hard enough to guess? */
export function keysCheck(config: Pick<GatewayConfig, "agents" | "sessionSecret">): Check {
  return {
    id: "agents",
    title: "智能体名单",
    run: () => Promise.resolve([judgeAgents(config.agents), judgeSecret(config.sessionSecret)]),
  };
}

function judgeAgents(agents: ReadonlyMap<string, string>): Finding {
  const it = about("agents", "智能体名单");
  const having = (wrong: (key: string) => boolean) =>
    [...agents].filter(([, key]) => wrong(key)).map(([id]) => id);
  const tooLong = having((key) => key.length > MAX_KEY_CHARS);
  if (tooLong.length > 0)
    return it.failed(
      `${tooLong.join("、")} 的密钥超过 ${MAX_KEY_CHARS} 个字符，智能体无法连接`,
      "换一个短一些的密钥，两边一起改",
    );
  const short = having((key) => key.length < SECURE_KEY_CHARS);
  if (short.length > 0)
    return it.warning(
      `${short.join("、")} 的密钥不到 ${SECURE_KEY_CHARS} 个字符，容易被猜出`,
      "换成随机的长密钥（例如 openssl rand -hex 32 的输出），智能体的 agent.key 一起改",
    );
  return it.ok(`${agents.size} 个智能体（${[...agents.keys()].join("、")}），密钥够长`);
}

function judgeSecret(secret: string): Finding {
  const it = about("session-secret", "会话密钥");
  if (secret.length >= SECURE_SECRET_CHARS) return it.ok("够长");
  return it.warning(
    `auth.session_secret 不到 ${SECURE_SECRET_CHARS} 个字符，容易被猜出`,
    "换成随机的长密钥（例如 openssl rand -hex 32 的输出）；换了之后，小程序用户需要重新登录",
  );
}
