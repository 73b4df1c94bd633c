import * as v from "valibot";
import type { Command } from "../../command-line.ts";
import { clockCheck } from "../../doctor/clock.ts";
import { dataFolderCheck } from "../../doctor/data-folder.ts";
import { doctorCommand } from "../../doctor/doctor-command.ts";
import { portCheck } from "../../doctor/port.ts";
import type { Check } from "../../doctor/run-checks.ts";
import { GATEWAY_CONFIG_FILE, type GatewayConfig, readGatewayConfig } from "../config.ts";
import { certificateCheck } from "./certificate.ts";
import { keysCheck } from "./keys.ts";
import { publicUrlCheck } from "./public-url.ts";
import { embeddedRedisCheck, externalRedisCheck } from "./redis.ts";
import { wechatCheck } from "./wechat.ts";
import { wecomCheck } from "./wecom.ts";

/** What the gateway's `/readyz` answers, whatever its state. */
const Readiness = v.object({ ready: v.boolean(), redis: v.string() });

/** Where WeCom is, unless the configuration says otherwise. */
const WECOM_API = "https://qyapi.weixin.qq.com";

export const gatewayDoctor: Command = doctorCommand({
  program: "claw-gateway",
  title: "智控未来 网关",
  config: { defaultFile: GATEWAY_CONFIG_FILE, read: readGatewayConfig },
  checks: gatewayChecks,
});

function gatewayChecks(config: GatewayConfig): Check[] {
  const { host, port, tls, publicUrl, dataDir, redis, wecom, miniprogram } = config;
  return [
    dataFolderCheck(dataDir),
    portCheck({
      title: "端口",
      host,
      port,
      key: "server.port",
      tls: tls !== undefined,
      isOurs: (readiness) => v.is(Readiness, readiness),
    }),
    publicUrlCheck({ publicUrl, wecom: wecom !== undefined }),
    certificateCheck({ tls, publicUrl }),
    keysCheck(config),
    timeCheck(config),
    redis.url === "" ? embeddedRedisCheck({ ...redis, dataDir }) : externalRedisCheck({ url: redis.url }),
    wecomCheck({ config: wecom }),
    wechatCheck({ config: miniprogram }),
  ];
}

/** Their tokens and signatures depend on the time, so theirs is the time to have; WeCom's, too, before it is switched on. */
function timeCheck({ wecom, miniprogram }: GatewayConfig): Check {
  if (miniprogram && !wecom) return clockCheck({ url: miniprogram.apiBase, name: "微信服务器" });
  return clockCheck({ url: wecom?.apiBase ?? WECOM_API, name: "企业微信服务器" });
}
