import { runProgram } from "../command-line.ts";
import { run } from "../run.ts";
import { serveCommand } from "../serve-command.ts";
import { startAgent } from "./agent.ts";
import { readAgentConfig } from "./config.ts";

const program = {
  name: "claw-agent",
  title: "智控未来 智能体",
  serve: serveCommand({
    name: "agent",
    summary: "启动智能体",
    readConfig: readAgentConfig,
    start: async (config, log) => startAgent(config, log),
  }),
  commands: {
    init: async () => (await import("./init.ts")).initCommand,
    doctor: async () => (await import("./doctor/doctor-command.ts")).agentDoctor,
    service: async () => (await import("./service.ts")).agentService,
  },
};

await run((signal) => runProgram(program, process.argv.slice(2), signal));
