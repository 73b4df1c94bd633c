import { expect, test } from "bun:test";
import type { AgentPresence } from "../../../src/contract/presence";
import type { User } from "../../../src/contract/user";
import { openAccount } from "./account";

type Api = Parameters<typeof openAccount>[0];

/** A gateway that answers when it is told to. */
function play(entries = new Map<string, unknown>()) {
  const users: PromiseWithResolvers<User>[] = [];
  const lists: PromiseWithResolvers<AgentPresence[]>[] = [];
  const ask = <T>(all: PromiseWithResolvers<T>[]) => {
    const question = Promise.withResolvers<T>();
    all.push(question);
    return question.promise;
  };
  const api = {
    me: { get: { query: () => ask(users) } },
    agent: { list: { query: () => ask(lists) } },
  } as unknown as Api;
  const storage = {
    read: (key: string) => structuredClone(entries.get(key)),
    write: (key: string, value: unknown) => void entries.set(key, structuredClone(value)),
  };
  return { account: openAccount(api, storage), users, lists, entries };
}
const user = (name: string): User => ({ id: "u1", name, createdAt: 1 });
const agent = (id: string, online: boolean): AgentPresence => ({ id, online });
const settle = () => Bun.sleep(0);

test("what a call has answered is newer than what is being asked", async () => {
  const { account, users } = play();
  account.refreshUser();
  account.setUser(user("新"));
  users[0]?.resolve(user("旧"));
  await settle();
  expect(account.user.value?.name).toBe("新");
});

test("the same answer again is no news", async () => {
  const { account, users } = play();
  let changes = -1;
  account.user.watch(() => changes++);
  for (const name of ["一", "一", "二"]) {
    account.refreshUser();
    users.at(-1)?.resolve(user(name));
    await settle();
  }
  expect(changes).toBe(2);
});

test("who is forgotten is not known at the next start either, nor by a late answer", async () => {
  const { account, users, entries } = play();
  account.setUser(user("一"));
  account.refreshUser();
  account.forgetUser();
  users[0]?.resolve(user("一"));
  await settle();
  expect([account.user.value, play(entries).account.user.value]).toEqual([undefined, undefined]);
});

test("an agent that changes while the list is being asked for is asked for again", async () => {
  const { account, lists, entries } = play();
  account.refreshAgents();
  account.setAgent(agent("a1", true));
  expect(account.agents.value).toEqual([agent("a1", true)]);
  lists[0]?.resolve([agent("a1", false)]);
  await settle();
  expect(account.agents.value).toEqual([agent("a1", true)]);
  lists[1]?.resolve([agent("a1", true), agent("a2", false)]);
  await settle();
  expect(account.agents.value).toHaveLength(2);
  expect(play(entries).account.agents.value).toEqual(account.agents.value);
});

test("a question without an answer is asked again", async () => {
  const { account, users } = play();
  account.refreshUser();
  users[0]?.reject(new Error("WebSocket closed"));
  for (let i = 0; users.length < 2 && i < 200; i++) await Bun.sleep(10);
  users[1]?.resolve(user("一"));
  await settle();
  expect(account.user.value?.name).toBe("一");
});
