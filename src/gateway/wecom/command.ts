import { reasonOf } from "../../contract/refusal.ts";
import type { JobStore } from "../jobs/job-store.ts";
import type { Links } from "../link/links.ts";
import type { RedisClient } from "../redis/connect.ts";
import type { Tasks } from "../tasks/tasks.ts";
import type { Bindings } from "../users/bindings.ts";
import type { Feed } from "../users/feed.ts";
import type { Users } from "../users/users.ts";
import type { ChannelConversation } from "./conversation.ts";

export interface CommandContext {
  /** The name of the channel that the commands come in by. */
  channel: string;
  redis: RedisClient;
  conversation: ChannelConversation;
  feed: Feed;
  jobs: JobStore;
  links: Links;
  users: Pick<Users, "agentFor" | "setAgent">;
  tasks: Pick<Tasks, "create" | "find" | "byNumber" | "list" | "cancel" | "retry">;
  bindings: Pick<Bindings, "newCode">;
  /** In the order in which they are configured. */
  agentIds: readonly string[];
}

/** A command as it was sent. */
export interface Said {
  userId: string;
  /** The channel's name for the user. */
  member: string;
  /** Names the message, so that a repeat does the same thing again. */
  key: string;
  /** What follows the command's name; may be empty. */
  rest: string;
}

/** Does a command and returns the answer, empty when what happens next says it all. */
export type Command = (context: CommandContext, said: Said) => Promise<string>;

/** A number that a person writes: `12`, `１２`, `#12`, `12号`. */
export function numberIn(text: string): number | undefined {
  const [, digits] = /^#?(\d{1,9})号?$/.exec(text.normalize("NFKC").trim()) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** What a refusal says to the user. @throws any other error, and refusals that pass by themselves */
export function refusalText(error: unknown): string {
  const reason = reasonOf(error);
  if (reason === undefined || reason === "unavailable" || !(error instanceof Error)) throw error;
  return error.message;
}
