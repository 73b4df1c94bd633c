import { serviceCommand } from "../service/service-command.ts";
import { GATEWAY_CONFIG_FILE, readGatewayConfig } from "./config.ts";

/** `claw-gateway service install|…` */
export const gatewayService = serviceCommand({
  name: "claw-gateway",
  title: "智控未来 网关",
  description: "把企业微信和小程序的消息交给智能体，再把回答送回去",
  configFile: GATEWAY_CONFIG_FILE,
  read(file) {
    const { dataDir, host, port, tls } = readGatewayConfig(file);
    const files = tls ? [tls.cert] : [];
    const secretFiles = tls ? [tls.key] : [];
    return { dataDir, host, port, tls: tls !== undefined, files, secretFiles };
  },
});
