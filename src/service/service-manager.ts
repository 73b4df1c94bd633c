/** Where a service stands. `restarting`: it has ended by itself, and the system is about to start it again. */
export type Phase = "absent" | "running" | "starting" | "restarting" | "stopping" | "stopped" | "failed";

export interface ServiceState {
  readonly phase: Phase;
  /** It starts with the machine. */
  readonly atBoot: boolean;
  readonly pid?: number | undefined;
  /** When it came to run. */
  readonly since?: Date | undefined;
  /** With `failed`: what the program ended with, if it did. */
  readonly exitCode?: number | undefined;
  /** The configuration it was installed with. */
  readonly configFile?: string | undefined;
  /** It was installed to log JSON lines. */
  readonly logJson?: boolean | undefined;
}

export const ABSENT: ServiceState = { phase: "absent", atBoot: false };

/** What a service is made of. All paths are absolute. */
export interface ServicePlan {
  readonly title: string;
  readonly description: string;
  readonly executable: string;
  readonly configFile: string;
  /** The one folder it may write to. */
  readonly dataDir: string;
  /** What it has to read besides its configuration, and anybody may: certificates. */
  readonly files: readonly string[];
  /** What nobody else may: their private keys. */
  readonly secretFiles: readonly string[];
  /** Its port is one that only the privileged may listen on. */
  readonly lowPort: boolean;
  /** Whom it runs as; undefined: an account of its own. */
  readonly user: string | undefined;
  /** Its log is JSON lines. */
  readonly logJson: boolean;
}

export const LOG_JSON_FLAG = "--log-json";

/** What a service's command line says of its log. */
export function logFlags({ logJson }: ServicePlan): string[] {
  return logJson ? ["--log-files", LOG_JSON_FLAG] : ["--log-files"];
}

/** The system's service manager, for one service. Methods that change something reject with an ExplainedError. */
export interface ServiceManager {
  /** Installs the service, or changes the one that is there; does not start it. Resolves to what an administrator has to know. */
  install(plan: ServicePlan, signal: AbortSignal): Promise<string[]>;
  /** Removes a stopped service. */
  uninstall(signal: AbortSignal): Promise<void>;
  start(signal: AbortSignal): Promise<void>;
  /** Resolves when it has ended; false: it did not end in time and was killed. */
  stop(signal: AbortSignal): Promise<boolean>;
  state(signal: AbortSignal): Promise<ServiceState>;
  /** What the service said last, to show why it does not run; empty when nothing is known. */
  lastWords(signal: AbortSignal): Promise<string>;
}
