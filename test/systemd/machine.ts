import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { installTools } from "../../dev/build/debian-packages.ts";
import { BuildError } from "../../dev/build/run-tool.ts";
import { makeControlGroups } from "./control-groups.ts";

/** A machine of its own, with a real systemd as its first process. */
export interface Machine {
  /** A folder of this machine; there it is `/shared`. */
  readonly shared: string;
  /** Runs a command there, as root. */
  run(...command: readonly string[]): Promise<Finished>;
  /** The power goes, and comes back: it boots again with the disk that it had. */
  powerCut(): Promise<void>;
  /** Everything on it ends at once, and it is gone with its disk. */
  remove(): Promise<void>;
}

export interface Finished {
  readonly code: number;
  readonly output: string;
}

const BOOT_TIMEOUT_MS = 30_000;
const POLL_MS = 50;
/** Nothing of this process's own settings: an administrator has just logged on. */
const ENV = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LANG: "C.UTF-8" };

/**
 * This machine's own system, booted once more on an overlay of the root: what is installed or written there is written
 * into memory. It starts none of the services that were switched on here, and boots again when it ends.
 */
const SCRIPT = `
set -e
disk=$1 shared=$2
shift 2
for group in "$@"; do echo 0 > "$group/cgroup.procs"; done
mount -t tmpfs tmpfs "$disk"
mkdir "$disk/upper" "$disk/work" "$disk/root"
mount -t overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" overlay "$disk/root"
rm -rf "$disk"/root/etc/systemd/system/*.wants
echo 0123456789abcdef0123456789abcdef > "$disk/root/etc/machine-id"
while :; do
  systemd-nspawn --quiet --directory="$disk/root" --bind="$shared:/shared" --machine=claw-test \\
    --register=no --keep-unit --boot --console=pipe </dev/null || echo "ended ($?)"
  sleep 0.1
done`;

/**
 * Boots one; takes some seconds. It has this machine's network.
 *
 * @returns why it cannot be done, if so: it needs root, mounts and control groups, which containers often do not give
 */
export async function bootMachine(): Promise<Machine | { reason: string }> {
  const obstacle = await whyImpossible();
  if (obstacle !== undefined) return { reason: obstacle };
  // Neither spaces nor commas, which mean something in mount's options.
  const dir = mkdtempSync(join(tmpdir(), "claw-systemd-"));
  const [disk, shared] = [join(dir, "disk"), join(dir, "shared")];
  for (const folder of [disk, shared]) mkdirSync(folder);
  const groups = makeControlGroups(basename(dir));
  if (groups === undefined) {
    rmSync(dir, { recursive: true });
    return { reason: "no control groups may be made here" };
  }
  // All of it ends with the one process that is known here, and that with this one.
  const alone = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const holder = Bun.spawn(
    ["setpriv", "--pdeathsig", "KILL", ...alone, "sh", "-c", SCRIPT, "sh", disk, shared, ...groups.folders],
    {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  const said = Promise.all([new Response(holder.stdout).text(), new Response(holder.stderr).text()]);
  const remove = async () => {
    holder.kill("SIGKILL");
    await holder.exited;
    await groups.remove();
    rmSync(dir, { recursive: true, force: true });
  };
  let systemd = await booted(holder.pid);
  if (systemd === undefined) {
    await remove();
    return { reason: `systemd does not come up: ${(await said).join("").trim().slice(-500)}` };
  }
  return {
    shared,
    run: (...command) => runBeside(systemd ?? 0, command),
    async powerCut() {
      process.kill(systemd ?? 0, "SIGKILL");
      systemd = await booted(holder.pid, systemd);
      if (systemd === undefined) throw new Error("the machine does not boot again");
    },
    remove,
  };
}

async function whyImpossible(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "it takes root on Linux";
  const mounting = Bun.spawnSync(["unshare", "--mount", "--pid", "--fork", "--mount-proc", "true"]);
  if (mounting.exitCode !== 0) return "nothing may be mounted here";
  try {
    await installTools({ "systemd-nspawn": "systemd-container" });
  } catch (error) {
    if (error instanceof BuildError) return error.message;
    throw error;
  }
  return undefined;
}

/** The systemd below a process, once it has started everything; undefined: not in time. `before`: not that one again. */
async function booted(holder: number, before?: number): Promise<number | undefined> {
  const deadline = performance.now() + BOOT_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const systemd = descendants(holder).find((pid) => pid !== before && isSystemd(pid));
    // It says "degraded" when something has failed that has no place in a container.
    if (
      systemd !== undefined &&
      /running|degraded/.test((await runBeside(systemd, ["systemctl", "is-system-running"])).output)
    )
      return systemd;
    await Bun.sleep(POLL_MS);
  }
  return undefined;
}

/** In all namespaces of that process. */
async function runBeside(pid: number, command: readonly string[]): Promise<Finished> {
  const child = Bun.spawn(["nsenter", "--target", String(pid), "--all", "--", ...command], {
    cwd: "/",
    env: ENV,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const outputs = [new Response(child.stdout).text(), new Response(child.stderr).text()];
  const [output, errors] = await Promise.all(outputs);
  return { code: await child.exited, output: `${output}${errors}` };
}

function descendants(pid: number): number[] {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
  return [...children, ...children.flatMap(descendants)];
}

function parentOf(pid: string): number | undefined {
  const [, parent] = /^PPid:\s*(\d+)$/m.exec(read(() => readFileSync(`/proc/${pid}/status`, "utf8"))) ?? [];
  return parent === undefined ? undefined : Number(parent);
}

function isSystemd(pid: number): boolean {
  return read(() => readlinkSync(`/proc/${pid}/exe`)).endsWith("/systemd/systemd");
}

/** Empty when the process has ended meanwhile. */
function read(file: () => string): string {
  try {
    return file();
  } catch {
    return "";
  }
}
