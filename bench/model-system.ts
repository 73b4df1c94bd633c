import { freePort, startProgram, untilReady } from "../dev/program.ts";
import { startSystem, type System } from "../test/system.ts";
import { type LoadProcess, startLoad } from "./load-process.ts";
import type { ModelUsers } from "./model-users.ts";

/** The whole system before a model server that is a process of its own, and a process with users of both. */
export interface ModelSystem {
  system: System;
  users: LoadProcess<ModelUsers>;
  stop(): Promise<void>;
}

export async function startModelSystem(options: {
  users: number;
  tokensPerSecond: number;
  tokens: number;
  firstTokenMs: number;
}): Promise<ModelSystem> {
  const port = freePort();
  const modelUrl = `http://127.0.0.1:${port}`;
  const flags = {
    port,
    tokens: options.tokens,
    "tokens-per-second": options.tokensPerSecond,
    "first-token-ms": options.firstTokenMs,
    parallel: options.users,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const model = startProgram({ entry: "dev/lm-studio.ts", env: {}, args });
  await untilReady(`${modelUrl}/v1/models`, model);
  const system = await startSystem({ modelUrl });
  const users = startLoad<ModelUsers>("model-users.ts");
  const tokens: string[] = [];
  for (let user = 0; user < options.users; user++) tokens.push(await system.signIn(`user${user}`));
  await users.ask("meet", { gatewayUrl: system.gatewayUrl, modelUrl, tokens });
  return {
    system,
    users,
    async stop() {
      await users.stop();
      await system.stop();
      await model.stop();
    },
  };
}
