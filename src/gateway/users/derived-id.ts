import { createHash } from "node:crypto";

/**
 * An id made from what it stands for: the same message always gets the same job id, so that a repeat, from whomever and
 * after whatever loss, is recognised as one all the way to the agent's disk.
 */
export function derivedId(...parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 32);
}
