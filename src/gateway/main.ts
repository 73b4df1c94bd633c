import { openLog } from "../log.ts";
import { run } from "../run.ts";
import { readGatewayConfig } from "./config.ts";
import { startGateway } from "./gateway.ts";

await run(async (signal) => {
  const config = readGatewayConfig(process.argv.slice(2));
  const gateway = await startGateway(config, openLog("gateway"));
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await gateway.stop();
});
