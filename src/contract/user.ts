import * as v from "valibot";
import { AgentId, DeviceId, UserId } from "./identifiers.ts";
import { Timestamp } from "./job.ts";

/** A person. One person may come in by several channels. */
export const User = v.object({
  id: UserId,
  name: v.optional(v.string()),
  /** A data URL. */
  avatar: v.optional(v.string()),
  createdAt: Timestamp,
  /** The agent that new conversations and tasks go to. */
  agentId: v.optional(AgentId),
  /** Whether a WeCom member and a mini-program user have been bound as this person. */
  bound: v.optional(v.boolean()),
});
export type User = v.InferOutput<typeof User>;

/** Longest name, in characters. */
export const MAX_NAME_CHARS = 24;
/** Longest avatar, in characters of its data URL: WeChat's own, 132 pixels wide, are a fraction of it. */
export const MAX_AVATAR_CHARS = 98_304;

/** What users tell of themselves; what is absent stays as it is. */
export const Profile = v.object({
  name: v.optional(
    v.pipe(
      v.string(),
      v.trim(),
      v.minLength(1, "昵称不能为空"),
      v.maxLength(MAX_NAME_CHARS, `昵称最长 ${MAX_NAME_CHARS} 个字`),
    ),
  ),
  /** An image as a data URL. */
  avatar: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(MAX_AVATAR_CHARS, "头像图片太大，请换一张"),
      v.regex(
        /^data:image\/(?:png|jpeg|webp);base64,[A-Za-z0-9+/]+={0,2}$/,
        "头像只能用 PNG、JPEG 或 WebP 图片",
      ),
    ),
  ),
});
export type Profile = v.InferOutput<typeof Profile>;

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
