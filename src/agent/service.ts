import { serviceCommand } from "../service/service-command.ts";
import { AGENT_CONFIG_FILE, readAgentConfig } from "./config.ts";

/** `claw-agent service install|…` */
export const agentService = serviceCommand({
  name: "claw-agent",
  title: "智控未来 智能体",
  description: "从网关领取消息，交给本机的 LM Studio 回答",
  configFile: AGENT_CONFIG_FILE,
  read(file) {
    const { dataDir, admin, gateway } = readAgentConfig(file);
    return { dataDir, ...admin, tls: false, files: gateway.ca === "" ? [] : [gateway.ca], secretFiles: [] };
  },
});
