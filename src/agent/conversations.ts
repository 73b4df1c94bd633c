import type { ConversationsPort } from "../contract/agent-api.ts";
import type { ActiveJobs } from "./active-jobs.ts";
import type { ConversationStore } from "./store/conversation-store.ts";

/** The conversations as the gateway sees them: with one that is deleted ends what still runs or waits in it. */
export function openConversations(
  { list, history, rename, remove }: ConversationStore,
  jobs: Pick<ActiveJobs, "end">,
): ConversationsPort {
  return {
    list,
    history,
    rename,
    delete: (userId, conversationId) => jobs.end(remove(userId, conversationId)),
  };
}
