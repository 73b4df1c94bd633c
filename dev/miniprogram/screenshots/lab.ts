import { join } from "node:path";
import { freePort, type Program } from "../../program.ts";
import { type Env, type System, until, type UserClient } from "../../../test/system.ts";

/** Where no model server is. */
const NOBODY = "http://127.0.0.1:9";

/** A second agent, on a machine of its own. */
export interface Lab {
  readonly id: string;
  /** Starts it; resolves when the user sees it online. */
  come(client: UserClient, options?: { withoutModel?: boolean }): Promise<void>;
  go(): Promise<void>;
  /** The gateway begins anew with it among its agents, or without. */
  setKnown(known: boolean): Promise<void>;
}

export function openLab(system: System, id: string): Lab {
  const home = system.env.gateway;
  const adminPort = String(freePort());
  let agent: Program | undefined;
  let isKnown = true;

  return {
    id,
    async come({ api }, { withoutModel = false } = {}) {
      if (agent) return;
      const env: Env = {
        ...system.env.agent,
        CLAW_AGENT_ID: id,
        CLAW_DATA_DIR: join(system.dir, id),
        CLAW_ADMIN_PORT: adminPort,
        ...(withoutModel && { CLAW_LMSTUDIO_BASE_URL: NOBODY }),
      };
      agent = system.launch("src/agent/main.ts", env);
      await until("the second agent", async () => {
        const found = (await api.agent.list.query()).find((one) => one.id === id);
        return found?.online === true && (!withoutModel || found.modelReady === false);
      });
    },
    async go() {
      await agent?.stop();
      agent = undefined;
    },
    async setKnown(known) {
      if (known === isKnown) return;
      isKnown = known;
      const agents = home["CLAW_AGENTS"]?.split(",").filter((one) => known || !one.startsWith(`${id}:`));
      system.env.gateway = { ...home, CLAW_AGENTS: agents?.join() ?? "" };
      await system.gateway().stop();
      await system.startGateway();
    },
  };
}
