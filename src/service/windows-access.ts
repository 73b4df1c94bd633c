import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ExplainedError } from "../explained-error.ts";
import { mustRunTool } from "./run-tool.ts";
import type { ServicePlan } from "./service-manager.ts";

const ICACLS_TIMEOUT_MS = 60_000;
/** Well-known security identifiers: the names differ with Windows' language. */
const ADMINISTRATORS = "*S-1-5-32-544";
const SYSTEM = "*S-1-5-18";

export interface ServiceAccount {
  /** As the service manager knows it. */
  readonly name: string;
  readonly sid: string;
}

/** Accounts that every Windows has, for those whose policy knows no others. */
const BUILT_IN: Readonly<Record<string, ServiceAccount>> = {
  localservice: { name: "NT AUTHORITY\\LocalService", sid: "S-1-5-19" },
  localsystem: { name: "LocalSystem", sid: "S-1-5-18" },
};

/** Whom a service runs as. Undefined: the account without a password that Windows makes for each service. */
export function serviceAccount(service: string, user: string | undefined): ServiceAccount {
  if (user === undefined) return { name: `NT SERVICE\\${service}`, sid: serviceSid(service) };
  const account = BUILT_IN[user.toLowerCase()];
  if (!account)
    throw new ExplainedError(
      `--user ${user} 不正确：Windows 上只能是 LocalService 或 LocalSystem；不写最安全`,
    );
  return account;
}

/** The identifier of `NT SERVICE\<name>`: S-1-5-80 and the SHA-1 of its name in capitals, as `sc showsid` shows it. */
export function serviceSid(service: string): string {
  const hash = createHash("sha1").update(Buffer.from(service.toUpperCase(), "utf16le")).digest();
  const parts = [0, 4, 8, 12, 16].map((offset) => hash.readUInt32LE(offset));
  return `S-1-5-80-${parts.join("-")}`;
}

/**
 * Data folder: the service may change it; configuration, certificates and program: it may read them. What holds secrets
 * is closed to everybody but administrators, as new folders on a drive of Windows are open to all users.
 *
 * @throws ExplainedError
 */
export async function giveAccess(
  plan: ServicePlan,
  { sid }: ServiceAccount,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(plan.dataDir, { recursive: true });
  const icacls = join(process.env["SystemRoot"] ?? "C:\\Windows", "System32", "icacls.exe");
  const grant = (path: string, rights: readonly string[]) =>
    mustRunTool(`设置 ${path} 的权限`, [icacls, path, ...rights], { signal, timeoutMs: ICACLS_TIMEOUT_MS });
  const closed = (path: string, inherited: string, right: string) => {
    const full = [ADMINISTRATORS, SYSTEM].map((who) => `${who}:${inherited}F`);
    return grant(path, ["/inheritance:r", "/grant:r", ...full, `*${sid}:${inherited}${right}`]);
  };
  await closed(plan.dataDir, "(OI)(CI)", "M");
  await closed(plan.configFile, "", "R");
  for (const file of plan.files) await grant(file, ["/grant", `*${sid}:R`]);
  for (const file of plan.secretFiles) {
    // A renewal may put a new file in its place, which gets the folder's rights.
    if (isOwnFolder(dirname(file), plan)) await closed(dirname(file), "(OI)(CI)", "R");
    await closed(file, "", "R");
  }
  await grant(plan.executable, ["/grant", `*${sid}:RX`]);
}

/** One beside the configuration that is there for certificates: others may be used by anybody. */
function isOwnFolder(folder: string, { configFile }: ServicePlan): boolean {
  return dirname(folder) === dirname(configFile) && basename(folder).toLowerCase() === "ssl";
}
