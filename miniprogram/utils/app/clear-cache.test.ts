import { expect, test } from "bun:test";
import { clearCache } from "./clear-cache";

test("clearing the cache keeps who one is, what one chose, and what one wrote", () => {
  const kept = ["session-token", "device-removed", "outbox", "theme", "task-draft", "chat-drafts"];
  const keys = [...kept, "user", "agents", "home"];
  const removed: string[] = [];
  clearCache({
    getStorageInfoSync: () => ({ keys }),
    removeStorageSync: (key: string) => removed.push(key),
  });
  expect(removed).toEqual(["user", "agents", "home"]);
});
