import { runProgram } from "../command-line.ts";
import { run } from "../run.ts";
import { serveCommand } from "../serve-command.ts";
import { readGatewayConfig } from "./config.ts";
import { startGateway } from "./gateway.ts";

const program = {
  name: "claw-gateway",
  title: "智控未来 网关",
  serve: serveCommand({
    name: "gateway",
    summary: "启动网关",
    readConfig: readGatewayConfig,
    start: startGateway,
  }),
  commands: {
    init: async () => (await import("./init.ts")).initCommand,
    doctor: async () => (await import("./doctor/doctor-command.ts")).gatewayDoctor,
    service: async () => (await import("./service.ts")).gatewayService,
  },
};

await run((signal) => runProgram(program, process.argv.slice(2), signal));
