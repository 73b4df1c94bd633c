import { expect, test } from "bun:test";
import type { Conversation } from "../../../src/contract/conversation";
import type { FeedEvent } from "../../../src/contract/feed";
import { openCell } from "../cell";
import type { ConnectionState } from "../connection/connection-state";
import { openListeners } from "../listeners";
import { type ConversationsParts, openConversations } from "./conversations";

const one = (id: string, updatedAt: number): Conversation => ({
  id,
  agentId: "a1",
  title: `题${id}`,
  updatedAt,
});
const refusal = (reason: string) => Object.assign(new Error("智能体离线"), { data: { reason } });

function play(answers: (Conversation[] | Error)[]) {
  const feed = openListeners<FeedEvent>();
  const connection = openCell<ConnectionState>("connecting");
  const asked: unknown[] = [];
  let refuse: Error | undefined;
  const answer = async (input: unknown) => {
    asked.push(input);
    if (refuse) throw refuse;
  };
  const chat = {
    conversations: {
      query: async () => {
        const next = answers.shift() ?? [];
        if (next instanceof Error) throw next;
        return next;
      },
    },
    rename: { mutate: answer },
    delete: { mutate: answer },
  };
  const parts = { api: { chat }, connection, listen: feed.add, onGap: () => () => undefined };
  const list = openConversations(parts as unknown as ConversationsParts);
  const ids = () => list.state.value.conversations.map(({ id }) => id);
  const refuseAll = (error: Error) => (refuse = error);
  return { list, feed, connection, asked, ids, refuseAll };
}

/** What a promise's listeners do is done. */
async function settle() {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}
function turn(conversationId: string, status: "queued" | "running", createdAt: number): FeedEvent {
  const job = {
    jobId: "a1.j",
    kind: "turn" as const,
    agentId: "a1",
    conversationId,
    channel: "wecom",
    status,
  };
  return { t: "job", job: { ...job, preview: "问", createdAt } };
}

test("comes when there is a connection, and again when there is one again", async () => {
  const { list, connection, ids } = play([[one("a1.x", 1)], [one("a1.y", 2)]]);
  expect(list.state.value.status).toBe("loading");
  connection.set("offline");
  expect(list.state.value.status).toBe("failed");
  connection.set("online");
  await settle();
  expect(list.state.value.status).toBe("ready");
  connection.set("connecting");
  connection.set("online");
  await settle();
  expect(ids()).toEqual(["a1.y"]);
});

test("lives on the agent: without it nothing is reachable, with it again it comes", async () => {
  const { list, feed, connection, ids } = play([refusal("agent-offline"), [one("a1.x", 1)]]);
  connection.set("online");
  await settle();
  expect(list.state.value.status).toBe("unreachable");
  feed.tell({ t: "agent", agent: { id: "a1", online: true } });
  await settle();
  expect(ids()).toEqual(["a1.x"]);
});

test("follows what happens on other devices", async () => {
  const { list, feed, connection, ids } = play([
    [one("a1.y", 2), one("a1.x", 1)],
    [one("a1.z", 4), one("a1.x", 3), one("a1.y", 2)],
  ]);
  connection.set("online");
  await settle();
  feed.tell(turn("a1.x", "queued", 3));
  expect(ids()).toEqual(["a1.x", "a1.y"]);
  feed.tell(turn("a1.z", "queued", 4));
  feed.tell(turn("a1.z", "running", 4));
  await settle();
  expect(ids()).toEqual(["a1.z", "a1.x", "a1.y"]);
  feed.tell({ t: "conversation", id: "a1.x", title: "新题" });
  feed.tell({ t: "conversation-deleted", id: "a1.y" });
  expect(list.state.value.conversations.map(({ title }) => title)).toEqual(["题a1.z", "新题"]);
});

test("a title is new at once, and the old one again when the gateway does not take it", async () => {
  const { list, connection, asked, refuseAll } = play([[one("a1.x", 1)]]);
  connection.set("online");
  await settle();
  const titles = () => list.state.value.conversations.map(({ title }) => title);
  const renamed = list.rename("a1.x", "新题");
  expect(titles()).toEqual(["新题"]);
  await renamed;
  expect(asked).toEqual([{ conversationId: "a1.x", title: "新题" }]);
  refuseAll(refusal("agent-offline"));
  expect(await list.rename("a1.x", "更新的题").catch(String)).toContain("智能体离线");
  expect(titles()).toEqual(["新题"]);
  expect(await list.remove("a1.x").catch(String)).toContain("智能体离线");
  expect(titles()).toHaveLength(1);
});

test("hears nothing more when it is closed", async () => {
  const { list, feed, connection } = play([[one("a1.x", 1)]]);
  connection.set("online");
  await settle();
  list.close();
  feed.tell({ t: "conversation-deleted", id: "a1.x" });
  expect(list.state.value.conversations).toHaveLength(1);
});

test("what was deleted while the list was on its way does not come back with it", async () => {
  const { connection, feed, ids } = play([[one("a1.x", 2), one("a1.y", 1)], [one("a1.y", 1)]]);
  connection.set("online");
  feed.tell({ t: "conversation-deleted", id: "a1.x" });
  await settle();
  expect(ids()).toEqual(["a1.y"]);
});
