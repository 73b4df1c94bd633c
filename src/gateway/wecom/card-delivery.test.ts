import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openSending, type Sending, until } from "../../../dev/wecom-sending.ts";
import { wecomKeys } from "../redis/keys.ts";
import { notePressCode } from "./card-code.ts";
import { listDead } from "./dead-letters.ts";

const MEMBER = "zhangsan";
const HOUR_MS = 3_600_000;
let at: Sending;
beforeEach(async () => {
  at = await openSending();
});
afterEach(() => at.close());

function cardJson(card: string, title: string): string {
  return JSON.stringify({
    card_type: "button_interaction",
    main_title: { title },
    task_id: card,
    button_list: [{ text: "查看", key: "view" }],
  });
}
const addCard = (card: string, title: string) =>
  at.outbox.add({
    id: `card:${card}`,
    member: MEMBER,
    type: "template_card",
    card,
    content: cardJson(card, title),
    otherwise: [{ type: "text", content: `文字：${title}` }],
  });
const addUpdate = (card: string, title: string, id = "end") =>
  at.outbox.add({
    id: `${id}:${card}`,
    member: MEMBER,
    type: "card_update",
    card,
    content: cardJson(card, title),
    otherwise: [
      { type: "template_card", card: `${card}-2`, content: cardJson(`${card}-2`, title) },
      { type: "text", content: `文字：${title}` },
    ],
  });
/** What the member sees: texts, and cards by their title. */
const seen = () =>
  at.wecom.list(MEMBER).map(({ msgtype, content }) => {
    if (msgtype !== "template_card") return content;
    const { main_title: title } = JSON.parse(content) as { main_title: { title: string } };
    return `[${title.title}]`;
  });
const outcomes = () => at.updates().map(({ outcome }) => outcome);

async function sentCard(): Promise<string> {
  at.start();
  await addCard("c1", "排队");
  await until(at.isEmpty);
  return at.wecom.list(MEMBER)[0]?.id ?? "";
}
/** The member presses the button; returns the code that WeCom tells of. */
async function press(messageId: string): Promise<string> {
  const code = at.wecom.press(messageId, "view")?.ResponseCode ?? "";
  await notePressCode(at.redis, "c1", code, Date.now());
  return code;
}

test("a card is sent, and changed in place, in order with what comes after it", async () => {
  await addCard("c1", "排队");
  await addUpdate("c1", "完成");
  await at.add(MEMBER, "结果");
  at.start();
  await until(at.isEmpty);
  expect(seen()).toEqual(["[完成]", "结果"]);
  expect(outcomes()).toEqual(["updated"]);
});

test("the newest code is used, whatever comes first; a code once used is not kept again", async () => {
  const id = await sentCard();
  const first = await press(id);
  const second = await press(id);
  await addUpdate("c1", "完成");
  await until(at.isEmpty);
  expect(at.updates().map(({ body }) => body["response_code"])).toEqual([second]);
  // The second press is handled again, after a crash.
  await notePressCode(at.redis, "c1", second, Date.now());
  expect(await at.redis.hget(wecomKeys.card("c1"), "code")).toBeNull();
  await notePressCode(at.redis, "c1", first, Date.now());
  expect(await at.redis.hget(wecomKeys.card("c1"), "code")).toBe(first);
});

describe("a card that cannot be changed is followed by another", () => {
  test("because its code was used", async () => {
    await sentCard();
    await addUpdate("c1", "一", "first");
    await addUpdate("c1", "二", "second");
    await until(at.isEmpty);
    expect(seen()).toEqual(["[一]", "[二]"]);
    expect(outcomes()).toEqual(["updated"]);
  });

  test("because it is 72 hours old", async () => {
    await sentCard();
    at.letWecomAge(73 * HOUR_MS);
    await addUpdate("c1", "完成");
    await until(at.isEmpty);
    expect(seen()).toEqual(["[排队]", "[完成]"]);
    expect(outcomes()).not.toContain("updated");
    expect(await at.redis.ttl(wecomKeys.card("c1"))).toBeLessThanOrEqual(72 * 3600);
  });

  test.each([40058, 49999])("because WeCom refuses it with %d", async (errcode) => {
    await sentCard();
    at.wecom.failNext(errcode, 1, { api: "message/update_template_card" });
    await addUpdate("c1", "完成");
    await at.add(MEMBER, "结果");
    await until(at.isEmpty);
    expect(seen()).toEqual(["[排队]", "[完成]", "结果"]);
  });

  test("and the other is found by its own code", async () => {
    await sentCard();
    at.wecom.failNext(40058, 1, { api: "message/update_template_card" });
    await addUpdate("c1", "完成");
    await until(at.isEmpty);
    expect(await at.redis.hget(wecomKeys.card("c1-2"), "code")).toStartWith("code-");
  });

  test("but a press while it was being refused gives it one more try", async () => {
    const id = await sentCard();
    const update = { api: "message/update_template_card" };
    at.wecom.failNext(45009, 1, update);
    await addUpdate("c1", "完成");
    await until(() => at.updates().length === 1);
    const code = await press(id);
    await until(at.isEmpty);
    expect(seen()).toEqual(["[完成]"]);
    expect(at.updates().at(-1)?.body["response_code"]).toBe(code);
  });
});

describe("an update that gets no regular answer", () => {
  test.each([45009, 45033, -1])("%d: it is tried again with the same code", async (errcode) => {
    await sentCard();
    at.wecom.failNext(errcode, 2, { api: "message/update_template_card" });
    await addUpdate("c1", "完成");
    await until(at.isEmpty);
    expect(seen()).toEqual(["[完成]"]);
    expect(new Set(at.updates().map(({ body }) => body["response_code"])).size).toBe(1);
    expect(outcomes()).toEqual(["refused", "refused", "updated"]);
  });

  test.each(["deliver-then-reset", "deliver-then-http-500"] as const)(
    "%s: it is not shown twice",
    async (fault) => {
      await sentCard();
      at.wecom.failNext(fault, 1, { api: "message/update_template_card" });
      await addUpdate("c1", "完成");
      await at.add(MEMBER, "结果");
      await until(at.isEmpty);
      expect(seen()).toEqual(["[完成]", "结果"]);
      expect(outcomes()).toEqual(["updated", "refused"]);
    },
  );

  test("nothing arrived: it is changed by the next try", async () => {
    await sentCard();
    at.wecom.failNext("reset", 2, { api: "message/update_template_card" });
    await addUpdate("c1", "完成");
    await until(at.isEmpty);
    expect(seen()).toEqual(["[完成]"]);
  });
});

describe("where cards are not supported", () => {
  test.each([40008, 40058, 99999])("%d: text says the same, each time", async (errcode) => {
    at.wecom.failNext(errcode);
    await addCard("c1", "排队");
    at.start();
    await until(at.isEmpty);
    at.wecom.failNext(errcode);
    await addUpdate("c1", "完成");
    await until(at.isEmpty);
    expect(seen()).toEqual(["文字：排队", "文字：完成"]);
    expect(await listDead(at.redis, 10)).toEqual([]);
  });

  test("a card that arrived without an answer is not told again as text", async () => {
    at.wecom.failNext("deliver-then-reset");
    await addCard("c1", "排队");
    at.start();
    await until(at.isEmpty);
    expect(seen()).toEqual(["[排队]"]);
    // Its code was in the answer that got lost.
    await addUpdate("c1", "完成");
    await until(at.isEmpty);
    expect(seen()).toEqual(["[排队]", "[完成]"]);
  });
});

test("an update with nothing to send instead just goes, and dead letters stay empty", async () => {
  at.start();
  const content = cardJson("c9", "已重试");
  await at.outbox.add({ id: "replaced", member: MEMBER, type: "card_update", card: "c9", content });
  await at.add(MEMBER, "后面的");
  await until(at.isEmpty);
  expect(seen()).toEqual(["后面的"]);
  expect(await listDead(at.redis, 10)).toEqual([]);
});

test("a member that is gone: the update is given up, what follows is not held up", async () => {
  await sentCard();
  at.wecom.failNext(40003, 1, { api: "message/update_template_card" });
  await addUpdate("c1", "完成");
  await at.add(MEMBER, "结果");
  await until(at.isEmpty);
  expect(await listDead(at.redis, 10)).toHaveLength(1);
});
