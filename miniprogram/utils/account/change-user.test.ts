import { expect, test } from "bun:test";
import type { User } from "../../../src/contract/user";
import { openCell } from "../cell";
import { changeUser } from "./change-user";

const WANG: User = { id: "u1", name: "小王", createdAt: 1, agentId: "a1", bound: false };

function app(first: User | undefined) {
  const user = openCell<User | undefined>(first);
  return { user, setUser: (next: User) => user.set(next) };
}
const refused = new Error("昵称不能为空");

test("a change is seen at once, and then what the gateway has made of it", async () => {
  const claw = app(WANG);
  const answer = Promise.withResolvers<User>();
  const changed = changeUser(claw, { name: "老王" }, () => answer.promise);
  expect(claw.user.value).toEqual({ ...WANG, name: "老王" });
  answer.resolve({ ...WANG, name: "老王!", bound: true });
  await changed;
  expect(claw.user.value).toEqual({ ...WANG, name: "老王!", bound: true });
});

test("refused, what was before comes back, and only that", async () => {
  const claw = app(WANG);
  const answer = Promise.withResolvers<User>();
  const changed = changeUser(claw, { name: "老王" }, () => answer.promise);
  claw.setUser({ ...WANG, name: "老王", bound: true });
  answer.reject(refused);
  expect(await changed.catch((error: unknown) => error)).toBe(refused);
  expect(claw.user.value).toEqual({ ...WANG, bound: true });
});

test("what was not there before is gone again", async () => {
  const claw = app(WANG);
  await changeUser(claw, { avatar: "data:image/png;base64,AA==" }, () => Promise.reject(refused)).catch(
    () => undefined,
  );
  expect(Object.keys(claw.user.value ?? {})).not.toContain("avatar");
});

test("a newer name, or another person, is not undone", async () => {
  for (const newer of [
    { ...WANG, name: "王总" },
    { ...WANG, id: "u2", name: "老王" },
  ]) {
    const claw = app(WANG);
    const answer = Promise.withResolvers<User>();
    const changed = changeUser(claw, { name: "老王" }, () => answer.promise);
    claw.setUser(newer);
    answer.reject(refused);
    await changed.catch(() => undefined);
    expect(claw.user.value).toEqual(newer);
  }
});

test("before anybody is known, there is nothing to show or to undo", async () => {
  const claw = app(undefined);
  await changeUser(claw, { name: "老王" }, () => Promise.reject(refused)).catch(() => undefined);
  expect(claw.user.value).toBeUndefined();
  await changeUser(claw, { name: "老王" }, () => Promise.resolve(WANG));
  expect(claw.user.value).toEqual(WANG);
});
