import { tmpdir } from "node:os";
import { join } from "node:path";
import { isCompiled } from "../executable.ts";
import { ExplainedError } from "../explained-error.ts";
import { print } from "../print.ts";
import type { ServiceManager } from "./service-manager.ts";
import { requireRoot, systemdService } from "./systemd.ts";
import { windowsService } from "./windows.ts";

/** The machine, as far as a service command needs it. Tests give another. */
export interface ServiceHost {
  /** What a service would run; undefined: we run from source. */
  readonly executable: string | undefined;
  /** @throws ExplainedError when whoever runs `command` may not change services */
  requireRights(command: string): void;
  /** @param dataDir the program's, when its configuration can be read */
  open(name: string, dataDir: string | undefined): ServiceManager;
  say(text: string): void;
  /** How long a started program may take until it answers. */
  readonly startTimeoutMs: number;
}

/** Redis may load some gigabytes first, but then the service goes on starting without us. */
const START_TIMEOUT_MS = 30_000;

export const thisHost: ServiceHost = {
  executable: isCompiled ? process.execPath : undefined,
  requireRights(command) {
    // Windows says so itself.
    if (process.platform === "linux") requireRoot(command);
  },
  open(name, dataDir) {
    if (process.platform === "linux") return systemdService(name);
    // A service can be stopped and removed also when its configuration is broken.
    if (process.platform === "win32") return windowsService(name, dataDir ?? join(tmpdir(), "claw-service"));
    throw new ExplainedError("服务只支持 Linux（systemd）和 Windows");
  },
  say: print,
  startTimeoutMs: START_TIMEOUT_MS,
};
