import type { HealthAddress } from "./readiness.ts";
import type { ServiceHost } from "./service-host.ts";
import type { ServiceManager } from "./service-manager.ts";

/** What a service needs to know of its program's configuration. Paths are absolute. */
export interface ServedConfig extends HealthAddress {
  readonly dataDir: string;
  /** What the program reads besides the configuration, and anybody may: certificates. */
  readonly files: readonly string[];
  /** What nobody else may: their private keys. */
  readonly secretFiles: readonly string[];
}

/** A program that can be a service. */
export interface ServedProgram {
  /** The executable's name, and the service's: `claw-gateway`. */
  readonly name: string;
  readonly title: string;
  /** What the list of services says of it. */
  readonly description: string;
  /** The name of the configuration beside the executable. */
  readonly configFile: string;
  /** @throws ConfigError */
  readonly read: (file: string) => ServedConfig;
}

/** One service, and what its commands need. */
export interface Service {
  readonly name: string;
  readonly program: ServedProgram;
  readonly manager: ServiceManager;
  readonly host: ServiceHost;
  /** How to run another command for it, as an administrator would type it. */
  readonly command: (word: string) => string;
}
