import { openLog } from "../log.ts";
import { run } from "../run.ts";
import { startAgent } from "./agent.ts";
import { readAgentConfig } from "./config.ts";

await run(async (signal) => {
  const config = readAgentConfig(process.argv.slice(2));
  const agent = startAgent(config, openLog("agent"));
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await Promise.race([stopped, agent.failed]);
  await agent.stop();
});
