import * as v from "valibot";
import { AgentId, DeviceId, UserId } from "./identifiers.ts";
import { Timestamp } from "./job.ts";

/** A person. One person may come in by several channels. */
export const User = v.object({
  id: UserId,
  name: v.optional(v.string()),
  createdAt: Timestamp,
  /** The agent that new conversations and tasks go to. */
  agentId: v.optional(AgentId),
  /** Whether a WeCom member and a mini-program user have been bound as this person. */
  bound: v.optional(v.boolean()),
});
export type User = v.InferOutput<typeof User>;

/** Where a user has signed in. */
export const Device = v.object({
  id: DeviceId,
  /** What the client said of itself, e.g. “iPhone 15”. */
  name: v.optional(v.string()),
  channel: v.string(),
  signedInAt: Timestamp,
  lastSeenAt: Timestamp,
  /** The one that asks. */
  current: v.boolean(),
});
export type Device = v.InferOutput<typeof Device>;

/** Six digits, from `/bind` in WeCom. */
export const BindingCode = v.pipe(v.string(), v.trim(), v.regex(/^\d{6}$/, "绑定码是 6 位数字"));
