import type { License } from "./license.ts";

/** A redis-server to put into a gateway. */
export interface RedisFiles {
  readonly version: string;
  /** The program first, then what it needs beside it. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
  readonly licenses: readonly License[];
}

/** Or why there is none: the gateway is built all the same, and the summary says so. */
export type RedisInside = RedisFiles | { readonly missing: string };
