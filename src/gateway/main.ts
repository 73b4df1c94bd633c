import { runProgram } from "../command-line.ts";
import { run } from "../run.ts";
import { serveCommand } from "../serve-command.ts";
import { readGatewayConfig } from "./config.ts";
import { gatewayDoctor } from "./doctor/doctor-command.ts";
import { startGateway } from "./gateway.ts";
import { initCommand } from "./init.ts";
import { gatewayService } from "./service.ts";

const program = {
  name: "claw-gateway",
  title: "智控未来 网关",
  serve: serveCommand({
    name: "gateway",
    summary: "启动网关",
    readConfig: readGatewayConfig,
    start: startGateway,
  }),
  commands: { init: initCommand, doctor: gatewayDoctor, service: gatewayService },
};

await run((signal) => runProgram(program, process.argv.slice(2), signal));
