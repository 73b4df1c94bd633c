import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startLmStudio } from "../../dev/lm-studio.ts";
import { freePort } from "../../dev/program.ts";
import { startWecomApi } from "../../dev/wecom-api.ts";
import { openCallbackSender } from "../../dev/wecom-callback.ts";
import { linuxExecutables, type ProgramName, PROGRAMS } from "../executables/executables.ts";
import { CORP } from "../system.ts";
import { type WecomMembers, wecomMembers, wecomSettings } from "../wecom-members.ts";
import { fillIn } from "../windows/toml.ts";
import { buildLaterVersion } from "./later-version.ts";
import type { Finished, Machine } from "./machine.ts";

type Values = Readonly<Record<string, string | number>>;

/** Gateway and agent on a machine with systemd; the model server and WeCom are stand-ins of this one. */
export interface Servers extends WecomMembers {
  /** One that only the privileged may listen on. */
  readonly port: number;
  readonly url: string;
  /** What the agent's configuration has to say of this place, and the gateway's of WeCom. */
  readonly settings: Readonly<Record<ProgramName, Values>>;
  /** Runs the program's deploy script for a release that `/shared` has: `now`, or `later`, which does not work. */
  deploy(release: string, name: ProgramName, ...words: readonly string[]): Promise<Finished>;
  /** The program, where it is deployed. */
  exe(name: ProgramName): string;
  service(name: ProgramName, word: string): Promise<Finished>;
  configure(name: ProgramName, values: Values): Promise<void>;
  read(file: string): Promise<string>;
  log(name: ProgramName): Promise<string>;
  /** What systemd knows of the service. */
  property(name: ProgramName, property: string): Promise<string>;
  stop(): Promise<void>;
}

/** Of the deploy scripts: a version that works takes a second, one that does not is given this long. */
const DEPLOY_TIMEOUT_S = 5;
const ANSWER_TIMEOUT_MS = 20_000;
/** Below it only the privileged may listen. */
const FIRST_FREE_PORT = 1024;
const LOWEST_PORT = 600;

export async function openServers({ run, shared }: Machine): Promise<Servers> {
  const [port, adminPort] = [freeLowPort(), freePort()];
  const url = `http://127.0.0.1:${port}`;
  cpSync(resolve(import.meta.dir, "../../deploy"), join(shared, "deploy"), { recursive: true });
  await publishReleases(shared);
  const model = startLmStudio({
    // Its answer tells how much of the conversation it was given.
    reply(messages) {
      const questions = messages.filter(({ role }) => role === "user");
      return `第 ${questions.length} 问：${questions.at(-1)?.content ?? ""}`;
    },
  });
  const api = await startWecomApi({ ...CORP, agentId: Number(CORP.agentId) });
  const callbacks = openCallbackSender({ ...CORP, callbackUrl: `${url}/wecom`, retryDelayMs: 20 });

  const exe = (name: ProgramName) => `/opt/claw-${name}/claw-${name}`;
  const read = async (file: string) => (await run("cat", file)).output;
  return {
    port,
    url,
    settings: {
      gateway: wecomSettings(api),
      agent: { "lmstudio.base_url": model.url, "admin.port": adminPort },
    },
    ...wecomMembers({ callbacks, api, answerTimeoutMs: ANSWER_TIMEOUT_MS }),
    deploy(release, name, ...words) {
      const file = `/shared/${release}/claw-${name}-linux-x64`;
      const timeout = ["--timeout", String(DEPLOY_TIMEOUT_S)];
      return run("bash", `/shared/deploy/deploy-${name}.sh`, file, ...timeout, ...words);
    },
    exe,
    service: (name, word) => run(exe(name), "service", word),
    async configure(name, values) {
      const file = `/opt/claw-${name}/${name}.toml`;
      writeFileSync(join(shared, "new.toml"), fillIn(await read(file), values));
      // Its owner and its rights stay.
      const { code, output } = await run("sh", "-c", `cat /shared/new.toml > ${file}`);
      if (code !== 0) throw new Error(output);
    },
    read,
    log: (name) => read(`/opt/claw-${name}/data/logs/${name}.log`),
    async property(name, property) {
      const { output } = await run("systemctl", "show", "--value", `--property=${property}`, `claw-${name}`);
      return output.trim();
    },
    async stop() {
      await Promise.all([model.stop(), api.stop()]);
    },
  };
}

/** Puts the executables where the machine finds them, each release with its SHA256SUMS. */
async function publishReleases(shared: string): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "claw-later-"));
  try {
    const now = await linuxExecutables();
    await buildLaterVersion(dir);
    for (const release of ["now", "later"]) {
      mkdirSync(join(shared, release));
      const sums = PROGRAMS.map((program) => {
        const name = `claw-${program}-linux-x64`;
        place(release === "now" ? now[program] : join(dir, name), join(shared, release, name));
        return `${sha256(join(shared, release, name))}  ${name}\n`;
      });
      writeFileSync(join(shared, release, "SHA256SUMS"), sums.join(""));
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Each has more than 100 MB: a second name will do where the disk is the same. */
function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}

function sha256(file: string): string {
  return new Bun.CryptoHasher("sha256").update(readFileSync(file)).digest("hex");
}

function freeLowPort(): number {
  for (let port = FIRST_FREE_PORT - 1; port >= LOWEST_PORT; port--) {
    try {
      Bun.listen({ hostname: "0.0.0.0", port, socket: { data() {} } }).stop(true);
      return port;
    } catch {
      // Somebody has it.
    }
  }
  throw new Error("no low port is free");
}
