import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type * as trpcClient from "@trpc/client";
import { initTRPC } from "@trpc/server";
import { Hono } from "hono";
import type * as marked from "marked";
import type * as wxSocket from "../../miniprogram/utils/connection/wx-socket.ts";
import { serve } from "../../src/gateway/serve.ts";
import { trpcSockets } from "../../src/gateway/trpc-sockets.ts";
import { type BuiltPackage, buildNpm } from "./build-npm.ts";
import { bundleMiniprogram, openOldPhone } from "./old-phone-for-tests.ts";
import { startPhone } from "./phone-for-tests.ts";

const dir = mkdtempSync(join(tmpdir(), "claw-npm-"));
let built: BuiltPackage[];
const read = (path: string) => readFileSync(join(dir, path), "utf8");

beforeAll(async () => {
  built = await buildNpm(dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("the packages are where the developer tools look for them, small, and say what they are", () => {
  expect(built.map(({ name }) => name).toSorted()).toEqual(["@trpc/client", "marked"]);
  for (const { name, bytes, gzipBytes } of built) {
    expect(JSON.parse(read(`${name}/package.json`))).toMatchObject({ name, main: "index.js" });
    expect(Buffer.byteLength(read(`${name}/index.js`))).toBe(bytes);
    expect(gzipBytes).toBeLessThan(bytes / 2);
  }
});

const t = initTRPC.create();
const router = t.router({
  greet: t.procedure.query(() => "你好"),
  count: t.procedure.subscription(async function* () {
    for (let i = 0; i < 3; i++) yield i;
  }),
  refuse: t.procedure.mutation(() => {
    throw new Error("不行");
  }),
});

describe("on an old phone", () => {
  test("tRPC's client calls, subscribes and learns of errors over wx.connectSocket", async () => {
    const sockets = {
      "/trpc": trpcSockets({ router, createContext: async () => ({}), onError() {}, maxBatch: 9 }),
    };
    const server = serve({ host: "127.0.0.1", port: 0, tls: undefined, app: new Hono(), sockets });
    const phone = openOldPhone();
    const client = phone.load(read("@trpc/client/index.js")) as typeof trpcClient;
    const socketCode = await bundleMiniprogram(
      resolve(import.meta.dir, "../../miniprogram/utils/connection/wx-socket.ts"),
    );
    const { openWxSockets } = phone.load(socketCode) as typeof wxSocket;
    const { WebSocket } = openWxSockets(startPhone({ code: "" }).wx);
    const socket = client.createWSClient({ url: `ws://127.0.0.1:${server.port}/trpc`, WebSocket });
    const api: trpcClient.TRPCClient<typeof router> = client.createTRPCClient<typeof router>({
      links: [client.retryLink({ retry: () => false }), client.wsLink({ client: socket })],
    });

    expect(await api.greet.query()).toBe("你好");
    const refusal: unknown = await api.refuse.mutate().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(client.TRPCClientError);
    const numbers: number[] = [];
    await new Promise<void>((resolve, reject) => {
      api.count.subscribe(undefined, {
        onData: (number) => numbers.push(number),
        onComplete: resolve,
        onError: reject,
      });
    });
    expect(numbers).toEqual([0, 1, 2]);
    await socket.close();
    await server.close();
  });

  test("marked reads markdown, with what it needs added", () => {
    const { Lexer } = openOldPhone().load(read("marked/index.js")) as typeof marked;
    const text =
      "# 标题\n\n- 一 **粗** `码`\n- 二 https://pactgo.cn\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n```ts\nlet a;\n```";
    const kinds = Lexer.lex(text).map(({ type }) => type);
    expect(kinds.filter((kind) => kind !== "space")).toEqual(["heading", "list", "table", "code"]);
  });
});
