import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../dev/program.ts";
import { startTestRedis } from "../../../dev/redis-for-tests.ts";
import { startWechatLogin } from "../../../dev/wechat-login.ts";
import { type Fault, startWecomApi, type WecomApiStandIn } from "../../../dev/wecom-api.ts";
import type { Level } from "../../doctor/finding.ts";
import { onlyFinding } from "../../doctor/run-for-tests.ts";
import { embeddedRedisCheck, externalRedisCheck } from "./redis.ts";
import { wechatCheck } from "./wechat.ts";
import { wecomCheck } from "./wecom.ts";

/** The servers that the gateway needs, each failing in its ways. */
const TIMEOUT_MS = 10_000;
/** For a server that never answers. */
const SHORT_MS = 100;
const CORP = { corpId: "ww1", secret: "secret/of the+app", agentId: 1000002 };
const APP = { appId: "wx1", secret: "secret-of-the-mini-program" };

describe("WeCom", () => {
  let api: WecomApiStandIn;
  beforeAll(async () => {
    api = await startWecomApi(CORP);
  });
  afterEach(() => api.failNoMore());
  afterAll(() => api.stop());
  const check = (
    differs: { corpId?: string; secret?: string; apiBase?: string } = {},
    timeoutMs = TIMEOUT_MS,
  ) =>
    onlyFinding(
      wecomCheck({
        config: {
          ...CORP,
          apiBase: api.url,
          agentId: String(CORP.agentId),
          token: "",
          aesKey: "",
          ...differs,
        },
        timeoutMs,
      }),
    );

  test.each<[Fault, Level, string]>([
    [40013, "failed", "wecom.corp_id"],
    [{ errcode: 40001, errmsg: `invalid credential ${CORP.secret}` }, "failed", "wecom.secret"],
    [-1, "warning", "稍后"],
    ["http-500", "failed", "HTTP 500"],
    ["html", "failed", "不是企业微信的"],
    ["hang", "failed", "超时"],
    ["reset", "failed", "中断"],
  ])("gettoken: %p", async (fault, level, words) => {
    // Bun asks again on another connection when one is reset.
    api.failNext(fault, 2, { api: "gettoken" });
    const finding = await check({}, fault === "hang" ? SHORT_MS : TIMEOUT_MS);
    expect(finding.level).toBe(level);
    expect(`${finding.message}${finding.advice}`).toContain(words);
    expect(JSON.stringify(finding)).not.toContain(CORP.secret);
  });

  test.each<[Fault, Level, string]>([
    [60020, "failed", "203.0.113.7"],
    [{ errcode: 60020, errmsg: "no address in it" }, "failed", "企业可信IP"],
    [301002, "failed", "wecom.agent_id"],
    [48002, "failed", "API 权限"],
    [{ errcode: 99999, errmsg: `never heard of, ${encodeURIComponent(CORP.secret)}` }, "warning", "99999"],
    [{ errcode: 0, errmsg: "ok" }, "ok", "可以使用"],
  ])("agent/get: %p", async (fault, level, words) => {
    api.failNext(fault, 1, { api: "agent/get" });
    const finding = await check();
    expect(finding.level).toBe(level);
    expect(`${finding.message}${finding.advice}`).toContain(words);
    expect(JSON.stringify(finding)).not.toContain(encodeURIComponent(CORP.secret));
  });

  test.each<[object, Level, string]>([
    [{ name: "小智", close: 0, allow_partys: { partyid: [1] } }, "ok", "小智"],
    [{ name: "小智", close: 1 }, "failed", "停用"],
    [
      { allow_userinfos: { user: [] }, allow_partys: { partyid: [] }, allow_tags: { tagid: [] } },
      "warning",
      "可见范围",
    ],
  ])("the app: %p", async (app, level, words) => {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: () => Response.json({ errcode: 0, errmsg: "ok", access_token: "t", ...app }),
    });
    const finding = await check({ apiBase: `http://127.0.0.1:${server.port}` });
    await server.stop(true);
    expect(finding.level).toBe(level);
    expect(finding.message).toContain(words);
  });

  test("nobody there", async () => {
    const finding = await check({ apiBase: `http://127.0.0.1:${freePort()}` });
    expect(finding).toMatchObject({
      level: "failed",
      message: expect.stringContaining("连接被拒绝") as string,
    });
  });
});

describe("WeChat", () => {
  test.each<[Partial<typeof APP>, Level, string]>([
    [{}, "ok", "正确"],
    [{ appId: "wx2" }, "failed", "miniprogram.app_id"],
    [{ secret: "wrong-secret" }, "failed", "miniprogram.secret"],
  ])("%p", async (differs, level, words) => {
    const wechat = startWechatLogin(APP);
    const finding = await onlyFinding(wechatCheck({ config: { ...APP, ...differs, apiBase: wechat.url } }));
    await wechat.stop();
    expect(finding.level).toBe(level);
    expect(finding.message).toContain(words);
  });

  test.each<[Response, Level, string]>([
    [Response.json({ errcode: -1, errmsg: "busy" }), "warning", "繁忙"],
    [Response.json({ errcode: 99999, errmsg: APP.secret }), "failed", "99999"],
    [new Response("<html>", { status: 502 }), "failed", "HTTP 502"],
  ])("an answer %#", async (answer, level, words) => {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => answer });
    const apiBase = `http://127.0.0.1:${server.port}`;
    const finding = await onlyFinding(wechatCheck({ config: { ...APP, apiBase } }));
    await server.stop(true);
    expect(finding.level).toBe(level);
    expect(finding.message).toContain(words);
    expect(JSON.stringify(finding)).not.toContain(APP.secret);
  });
});

describe("an outside Redis", () => {
  const levels = async (url: string) =>
    (await externalRedisCheck({ url, timeoutMs: 1_000 }).run(new AbortController().signal)).map(
      ({ level, message, advice }) => [level, `${message}${advice}`] as const,
    );

  test("as it should be", async () => {
    const redis = await startTestRedis({ args: ["--appendonly", "yes", "--requirepass", "right-password"] });
    expect(await levels(redis.url)).toEqual([["ok", expect.stringContaining("版本") as string]]);

    const [wrong] = await levels(redis.url.replace("right", "wrong"));
    expect(wrong?.[0]).toBe("failed");
    expect(wrong?.[1]).toContain("密码");
    expect(wrong?.[1]).not.toContain("wrong-password");
    await redis.stop();
  });

  test("one that may lose messages", async () => {
    const redis = await startTestRedis({ args: ["--maxmemory-policy", "allkeys-lru"] });
    const found = await levels(redis.url);
    expect(found.map(([level]) => level)).toEqual(["ok", "warning", "warning"]);
    expect(found[1]?.[1]).toContain("noeviction");
    expect(found[2]?.[1]).toContain("appendonly yes");
    await redis.stop();
  });

  test("none there, and one that does not answer", async () => {
    expect((await levels(`redis://127.0.0.1:${freePort()}`))[0]).toEqual([
      "failed",
      expect.stringContaining("连接被拒绝") as string,
    ]);
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const [found] = await levels(`redis://127.0.0.1:${silent.port}`);
    silent.stop(true);
    expect(found).toEqual(["failed", expect.stringContaining("超时") as string]);
  });
});

test("the gateway's own Redis: a program that is not there, and one that is none", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "claw-自检 "));
  const missing = await onlyFinding(embeddedRedisCheck({ serverPath: join(dataDir, "no-redis"), dataDir }));
  expect(missing.level).toBe("failed");
  expect(missing.advice).toContain("redis.server_path");
  const other = await onlyFinding(embeddedRedisCheck({ serverPath: "/bin/false", dataDir }));
  expect(other.level).toBe("failed");
  expect(readdirSync(dataDir)).toEqual([]);
  rmSync(dataDir, { recursive: true });
});
