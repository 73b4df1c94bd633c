import { afterEach, beforeEach, expect, test } from "bun:test";
import { openTestDatabase } from "../../../test/agent-parts.ts";
import { newJob } from "../../../test/gateway-parts.ts";
import { openConversationStore } from "./conversation-store.ts";
import { openPeople } from "./people.ts";

let database: ReturnType<typeof openTestDatabase>;
beforeEach(() => {
  database = openTestDatabase();
});
afterEach(() => database.close());

const chats = (userId: string) =>
  openConversationStore(database.db)
    .list(userId)
    .map(({ id }) => id)
    .toSorted();
function chat(userId: string, conversationId: string) {
  const job = newJob({ userId, conversationId });
  database.store().take({ t: "run", job });
  return job;
}

test("what was two people's is one's, whichever of the two ids is asked for, also after a restart", () => {
  const job = chat("mini", "a1.c1");
  chat("wecom", "a1.c2");
  database.store().take({ t: "join", from: "mini", to: "wecom" });
  const all = ["a1.c1", "a1.c2"];
  expect([chats("wecom"), chats("mini")]).toEqual([all, all]);
  database.reopen();
  chat("mini", "a1.c3");
  expect(chats("wecom")).toEqual([...all, "a1.c3"]);
  expect(openConversationStore(database.db).admits(job)).toBe(true);
});

test("joining again changes nothing", () => {
  chat("mini", "a1.c1");
  for (let n = 0; n < 2; n++) database.store().take({ t: "join", from: "mini", to: "wecom" });
  database.store().take({ t: "join", from: "wecom", to: "mini" });
  const { personOf } = openPeople(database.db);
  expect([personOf("mini"), personOf("wecom")]).toEqual(["wecom", "wecom"]);
  expect(chats("wecom")).toEqual(["a1.c1"]);
});

test("accounts bound one after the other are all the last one's", () => {
  for (const user of ["a", "b", "c"]) chat(user, `a1.${user}`);
  const { join, personOf } = openPeople(database.db);
  join("a", "b");
  join("b", "c");
  join("a", "b");
  expect(["a", "b", "c", "d"].map(personOf)).toEqual(["c", "c", "c", "d"]);
  expect(chats("c")).toEqual(["a1.a", "a1.b", "a1.c"]);
});
