import * as v from "valibot";
import { UserId } from "./identifiers.ts";
import { Timestamp } from "./job.ts";

/** A person. One person may come in by several channels. */
export const User = v.object({ id: UserId, name: v.optional(v.string()), createdAt: Timestamp });
export type User = v.InferOutput<typeof User>;
