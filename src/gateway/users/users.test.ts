import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, startGatewayParts } from "../../../test/gateway-parts.ts";
import * as v from "valibot";
import { User } from "../../contract/user.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { openUsers } from "./users.ts";

const AGENT_IDS = ["a1", "a2"];
let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());

test("a person is made at first sight, once, and is the same on every gateway", async () => {
  const [here, there] = [
    openUsers(parts.redis, AGENT_IDS),
    openUsers((await parts.another()).redis, AGENT_IDS),
  ];
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? here : there).identify("wecom", "张三")),
  );
  expect(new Set(ids).size).toBe(1);
  const [id = ""] = ids;
  const user = await openUsers(parts.redis, AGENT_IDS).get(id);
  expect(v.is(User, user)).toBe(true);
  expect(await openUsers(parts.redis, AGENT_IDS).get(id)).toEqual(user);
});

test("the same name in two channels is two people", async () => {
  const users = openUsers(parts.redis, AGENT_IDS);
  expect(await users.identify("wecom", "x")).not.toBe(await users.identify("miniprogram", "x"));
});

test("who is gone has to sign in again", async () => {
  expect(await openUsers(parts.redis, AGENT_IDS).get("u-gone").catch(reasonOf)).toBe("not-signed-in");
});

test("new work goes to the first agent, then to the one chosen, while it is there", async () => {
  const users = openUsers(parts.redis, AGENT_IDS);
  const id = await users.identify("wecom", "李四");
  expect([await users.agentFor(id), (await users.get(id)).agentId]).toEqual(["a1", "a1"]);
  expect((await users.setAgent(id, "a2")).agentId).toBe("a2");
  expect(await users.agentFor(id)).toBe("a2");
  expect(await users.setAgent(id, "a3").catch(reasonOf)).toBe("agent-unknown");
  // It is not configured any more; should it come back, it is still the one chosen.
  expect(await openUsers(parts.redis, ["a1"]).agentFor(id)).toBe("a1");
  expect(await users.agentFor(id)).toBe("a2");
});

test("a profile: what is given changes, the rest stays; each change is told of", async () => {
  const told: string[] = [];
  const users = openUsers(parts.redis, AGENT_IDS, (userId) => Promise.resolve(void told.push(userId)));
  const id = await users.identify("miniprogram", "王五");
  const avatar = "data:image/png;base64,iVBORw0KGgo=";
  expect(await users.get(id)).not.toHaveProperty("avatar");
  expect(await users.setProfile(id, { name: "小王" })).toMatchObject({ id, name: "小王" });
  expect(await users.setProfile(id, { avatar })).toMatchObject({ name: "小王", avatar });
  const user = await users.setProfile(id, {});
  expect(user).toMatchObject({ name: "小王", avatar });
  expect(v.is(User, user)).toBe(true);
  await users.setAgent(id, "a2");
  expect(told).toEqual([id, id, id]);
});
