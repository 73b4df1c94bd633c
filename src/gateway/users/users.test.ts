import { afterAll, beforeAll, expect, test } from "bun:test";
import { type GatewaysOnRedis, startGatewayParts } from "../../../test/gateway-parts.ts";
import * as v from "valibot";
import { User } from "../../contract/user.ts";
import { reasonOf } from "../../contract/refusal.ts";
import { openUsers } from "./users.ts";

let parts: GatewaysOnRedis;
beforeAll(async () => {
  parts = await startGatewayParts();
});
afterAll(() => parts.stop());

test("a person is made at first sight, once, and is the same on every gateway", async () => {
  const [here, there] = [openUsers(parts.redis), openUsers((await parts.another()).redis)];
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? here : there).identify("wecom", "张三")),
  );
  expect(new Set(ids).size).toBe(1);
  const [id = ""] = ids;
  const user = await openUsers(parts.redis).get(id);
  expect(v.is(User, user)).toBe(true);
  expect(await openUsers(parts.redis).get(id)).toEqual(user);
});

test("the same name in two channels is two people", async () => {
  const users = openUsers(parts.redis);
  expect(await users.identify("wecom", "x")).not.toBe(await users.identify("miniprogram", "x"));
});

test("who is gone has to sign in again", async () => {
  expect(await openUsers(parts.redis).get("u-gone").catch(reasonOf)).toBe("not-signed-in");
});
