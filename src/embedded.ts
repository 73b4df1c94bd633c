import packageJson from "../package.json";

/** A file inside the executable. Only `Bun.file(path).bytes()` and `readFileSync(path)` can read it. */
export interface EmbeddedFile {
  /** Its name once it is taken out, e.g. `redis-server.exe`. */
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
}

/** What the build puts into an executable: build.ts gives this module another content. */
export interface Embedded {
  readonly version: string;
  /** The commit it was built from; empty from source. */
  readonly commit: string;
  /** ISO 8601, UTC; empty from source. */
  readonly builtAt: string;
  /** The licences of everything inside; empty from source. */
  readonly licenses: string;
  /** The program first, then what it needs beside it; empty when there is none inside. */
  readonly redisServer: readonly EmbeddedFile[];
  /** Stands between the Windows service manager and the program; undefined elsewhere. */
  readonly serviceWrapper: EmbeddedFile | undefined;
}

export const embedded: Embedded = {
  version: packageJson.version,
  commit: "",
  builtAt: "",
  licenses: "",
  redisServer: [],
  serviceWrapper: undefined,
};
