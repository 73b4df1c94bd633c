import { createTRPCClient, TRPCClientError, type TRPCLink } from "@trpc/client";
import { observable } from "@trpc/server/observable";
import { expect, test } from "bun:test";
import type { UserRouter } from "../../../src/contract/user-api";
import { errorText, isPassing, isUnanswered } from "../error-text";
import { REMOVED_TEXT } from "./session";
import { goOnLink, removedLink, timeLimitLink } from "./trpc-links";

interface Asked {
  readonly path: string;
  readonly input: unknown;
}
type Outcome = { data: unknown; id?: string; failure?: Error } | Error | "silence";

/** Gives its outcomes in turn, one for each time that it is asked. */
function play(outcomes: readonly Outcome[], asked: Asked[] = []): TRPCLink<UserRouter> {
  let turn = 0;
  return () =>
    ({ op }) =>
      observable((observer) => {
        asked.push({ path: op.path, input: op.input });
        const outcome = outcomes[turn++] ?? "silence";
        if (outcome === "silence") return;
        if (outcome instanceof Error) return observer.error(TRPCClientError.from(outcome));
        const { failure, ...result } = outcome;
        observer.next({ result: { type: "data", ...result } });
        if (failure) observer.error(TRPCClientError.from(failure));
      });
}
const refused = (reason: string) =>
  TRPCClientError.from({
    error: {
      code: -32001,
      message: "登录已失效，请重新登录",
      data: { code: "UNAUTHORIZED", httpStatus: 401, reason },
    },
  });

function client(outcomes: readonly Outcome[], asked: Asked[] = []) {
  let refusals = 0;
  let removals = 0;
  const connection = { refused: () => void refusals++, removed: () => void removals++ };
  const api = createTRPCClient<UserRouter>({ links: [goOnLink(connection), play(outcomes, asked)] });
  return { api, refusals: () => refusals, removals: () => removals };
}

test("a call of somebody who is signed in no longer is asked once more, and then the refusal is told", async () => {
  const once = client([refused("not-signed-in"), { data: "cancelled" }]);
  expect(await once.api.job.cancel.mutate({ jobId: "a1.j" })).toBe("cancelled");
  expect(once.refusals()).toBe(1);
  const twice = client([refused("not-signed-in"), refused("not-signed-in")]);
  const error: unknown = await twice.api.job.cancel
    .mutate({ jobId: "a1.j" })
    .catch((error: unknown) => error);
  expect(errorText(error)).toBe("登录已失效，请重新登录");
  expect(twice.refusals()).toBe(2);
});

test("on a device that was removed a call is told so and not repeated; a subscription goes on after its last event", async () => {
  const asked: Asked[] = [];
  const call = client([refused("device-removed")], asked);
  const error: unknown = await call.api.me.get.query().catch((error: unknown) => error);
  expect([isUnanswered(error), isPassing(error)]).toEqual([false, true]);
  expect([asked.length, call.refusals(), call.removals()]).toEqual([1, 0, 1]);

  const again: Asked[] = [];
  const ready = { id: "7-0", data: { id: "7-0", data: { t: "ready" } } };
  const feed = client([{ ...ready, failure: refused("device-removed") }, ready], again);
  const heard = Promise.withResolvers<void>();
  let events = 0;
  const subscription = feed.api.feed.subscribe(undefined, {
    onData: () => void (++events === 2 && heard.resolve()),
    onError: (error) => heard.reject(error),
  });
  await heard.promise;
  subscription.unsubscribe();
  expect(again.map(({ input }) => input)).toEqual([undefined, { lastEventId: "7-0" }]);
  expect([feed.refusals(), feed.removals()]).toEqual([0, 1]);
});

test("while the device is removed calls fail at once, and subscriptions wait", async () => {
  const asked: Asked[] = [];
  let isRemoved = true;
  const links = [removedLink(() => isRemoved), play([{ data: [] }, "silence"], asked)];
  const api = createTRPCClient<UserRouter>({ links });
  const error: unknown = await api.agent.list.query().catch((error: unknown) => error);
  expect([errorText(error), isPassing(error), asked]).toEqual([REMOVED_TEXT, true, []]);
  isRemoved = false;
  expect(await api.agent.list.query()).toEqual([]);
  isRemoved = true;
  const errors: unknown[] = [];
  api.feed.subscribe(undefined, { onError: (error) => errors.push(error) }).unsubscribe();
  expect([asked.length, errors]).toEqual([2, []]);
});

test("a query whose socket breaks is asked again; a mutation is not", async () => {
  const broken = new Error("WebSocket closed");
  const query = client([broken, broken, { data: [] }]);
  expect(await query.api.agent.list.query()).toEqual([]);
  const asked: Asked[] = [];
  const mutation = client([broken, { data: "cancelled" }], asked);
  const error: unknown = await mutation.api.task.cancel
    .mutate({ id: "a1.t" })
    .catch((error: unknown) => error);
  expect([isUnanswered(error), isPassing(error), errorText(error)]).toEqual([
    true,
    true,
    "网络不太顺畅，请稍后再试",
  ]);
  expect(asked).toHaveLength(1);
});

test("a query whose socket breaks is asked again also when it then turns out that nobody is signed in", async () => {
  const query = client([new Error("WebSocket closed"), refused("not-signed-in"), { data: [] }]);
  expect(await query.api.agent.list.query()).toEqual([]);
  expect(query.refusals()).toBe(1);
});

test("another refusal is told at once", async () => {
  const asked: Asked[] = [];
  const { api } = client([refused("code-refused")], asked);
  const error: unknown = await api.me.bind.mutate({ code: "123456" }).catch((error: unknown) => error);
  expect([isUnanswered(error), isPassing(error)]).toEqual([false, false]);
  expect(asked).toHaveLength(1);
});

test("a call without an answer ends with its time, and the reason that is known", async () => {
  for (const [reason, text] of [
    [undefined, "网络不太顺畅，请稍后再试"],
    ["登录失败", "登录失败"],
  ] as const) {
    const api = createTRPCClient<UserRouter>({ links: [timeLimitLink(5, () => reason), play(["silence"])] });
    const error: unknown = await api.me.get.query().catch((error: unknown) => error);
    expect([isUnanswered(error), errorText(error)]).toEqual([true, text]);
  }
});

test("a call with an answer takes no longer for its limit, and a subscription has none", async () => {
  const asked: Asked[] = [];
  const api = createTRPCClient<UserRouter>({
    links: [timeLimitLink(5, () => undefined), play([{ data: [] }, "silence"], asked)],
  });
  expect(await api.agent.list.query()).toEqual([]);
  const errors: unknown[] = [];
  const feed = api.feed.subscribe(undefined, { onError: (error) => errors.push(error) });
  await Bun.sleep(20);
  feed.unsubscribe();
  expect([asked.length, errors]).toEqual([2, []]);
});
