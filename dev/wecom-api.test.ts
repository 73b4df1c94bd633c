import { afterEach, beforeEach, expect, test } from "bun:test";
import { startWecomApi, type WecomApiStandIn } from "./wecom-api.ts";

let now = 1_700_000_000_000;
let wecom: WecomApiStandIn;
let token = "";

beforeEach(async () => {
  wecom = await startWecomApi({ corpId: "corp", secret: "secret", agentId: 7, now: () => now });
  token = String((await getToken("corp", "secret"))["access_token"]);
});
afterEach(() => wecom.stop());

async function call(path: string, body?: unknown): Promise<Record<string, unknown>> {
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(`${wecom.url}/cgi-bin/${path}`, init);
  return (await response.json()) as Record<string, unknown>;
}
const getToken = (corpId: string, secret: string) => call(`gettoken?corpid=${corpId}&corpsecret=${secret}`);
const send = (content: string, change: object = {}) =>
  call(`message/send?access_token=${token}`, {
    touser: "zhangsan",
    msgtype: "text",
    agentid: 7,
    text: { content },
    ...change,
  });

test("gives the same token while it is valid, and no token to strangers", async () => {
  expect(await getToken("corp", "secret")).toMatchObject({ access_token: token, expires_in: 7_200 });
  expect(await getToken("corp", "wrong")).toMatchObject({ errcode: 40001 });
  expect(await getToken("other", "secret")).toMatchObject({ errcode: 40013 });
  now += 7_200_000;
  expect(await send("一")).toMatchObject({ errcode: 42001 });
  expect((await getToken("corp", "secret"))["access_token"]).not.toBe(token);
});

test("refuses a missing, foreign, ended token, another app and an unknown member", async () => {
  expect(await call("message/send", {})).toMatchObject({ errcode: 41001 });
  expect(await call("message/send?access_token=x", {})).toMatchObject({ errcode: 40014 });
  expect(await send("一", { agentid: 8 })).toMatchObject({ errcode: 301002 });
  expect(await send("")).toMatchObject({ errcode: 44004 });
  wecom.rejectMember("zhangsan");
  expect(await send("一")).toMatchObject({ errcode: 81013 });
  expect(await send("一", { touser: "zhangsan|lisi" })).toMatchObject({
    errcode: 0,
    invaliduser: "zhangsan",
  });
  wecom.endToken("revoked");
  expect(await send("一")).toMatchObject({ errcode: 40014 });
  expect(wecom.sent()).toMatchObject([{ member: "lisi", content: "一" }]);
});

test("cuts at 2048 bytes and says so", async () => {
  await send("汉".repeat(683));
  expect(wecom.sent()).toMatchObject([{ content: "汉".repeat(682), cut: true }]);
});

test("swallows equal content within the interval, if it was asked to", async () => {
  const check = { enable_duplicate_check: 1, duplicate_check_interval: 60 };
  for (let i = 0; i < 3; i++) expect(await send("好", check)).toMatchObject({ errcode: 0 });
  await send("好", { ...check, touser: "lisi" });
  await send("好");
  now += 60_000;
  await send("好", check);
  const outcomes = wecom.calls("message/send").map((made) => made.outcome);
  expect(outcomes).toEqual(["delivered", "duplicate", "duplicate", "delivered", "delivered", "delivered"]);
});

test("silently drops what exceeds 30 a minute to one member", async () => {
  for (let i = 0; i < 32; i++) expect(await send(`${i}`)).toMatchObject({ errcode: 0 });
  await send("lisi", { touser: "lisi" });
  expect(wecom.list("zhangsan")).toHaveLength(30);
  expect(wecom.calls().filter((made) => made.outcome === "too-many")).toHaveLength(2);
  now += 60_000;
  await send("again");
  expect(wecom.list("zhangsan")).toHaveLength(31);
});

test("tells of each delivery", async () => {
  const heard: string[] = [];
  const stop = wecom.onSent((message) => heard.push(message.content));
  await send("一");
  stop();
  await send("二");
  expect(heard).toEqual(["一"]);
});

test("a card is changed by its code, once, and each press brings a new one", async () => {
  const card = (title: string) => ({
    card_type: "button_interaction",
    main_title: { title },
    task_id: "t@1",
    button_list: [{ text: "取消", key: "cancel" }],
  });
  const update = (code: unknown, change: object = {}) =>
    call(`message/update_template_card?access_token=${token}`, {
      userids: ["zhangsan"],
      agentid: 7,
      response_code: code,
      template_card: card("新"),
      ...change,
    });
  const heard: string[] = [];
  wecom.onSent((message) => heard.push(message.content));
  const sent = { msgtype: "template_card", template_card: card("旧") };
  const { msgid, response_code: first } = await send("", sent);
  expect(await update("guess")).toMatchObject({ errcode: 49999 });
  expect(await update(first, { userids: ["lisi"] })).toMatchObject({ errcode: 49999 });
  expect(await update(first)).toMatchObject({ errcode: 0 });
  expect(await update(first)).toMatchObject({ errcode: 49999 });
  expect(heard.map((content) => (JSON.parse(content) as ReturnType<typeof card>).main_title.title)).toEqual([
    "旧",
    "新",
  ]);
  const presses = [1, 2].map(() => wecom.press(String(msgid), "cancel"));
  expect(presses[0]).toMatchObject({ EventKey: "cancel", TaskId: "t@1", CardType: "button_interaction" });
  expect(wecom.press(String(msgid), "other")).toBeUndefined();
  expect(await update(presses[1]?.ResponseCode)).toMatchObject({ errcode: 0 });
  now += 71 * 3_600_000;
  token = String((await getToken("corp", "secret"))["access_token"]);
  const late = wecom.press(String(msgid), "cancel");
  now += 2 * 3_600_000;
  token = String((await getToken("corp", "secret"))["access_token"]);
  expect(await update(presses[0]?.ResponseCode)).toMatchObject({ errcode: 49999 });
  expect(await update(late?.ResponseCode)).toMatchObject({ errcode: 0 });
});

test("a card's id is good once, and a card needs a title and buttons", async () => {
  const button = { text: "查看", key: "view" };
  const good = { card_type: "button_interaction", main_title: { title: "一" }, button_list: [button] };
  const sendCard = (card: object) => send("", { msgtype: "template_card", template_card: card });
  expect(await sendCard({ ...good, task_id: "a.b" })).toMatchObject({ errcode: 40058 });
  expect(await sendCard({ ...good, task_id: "a", main_title: {} })).toMatchObject({ errcode: 40058 });
  expect(await sendCard({ ...good, task_id: "a", button_list: [button, button] })).toMatchObject({
    errcode: 40058,
  });
  expect(await sendCard({ ...good, task_id: "a" })).toMatchObject({ errcode: 0 });
  expect(await sendCard({ ...good, task_id: "a" })).toMatchObject({ errcode: 49998 });
});

test("a fault hits the calls it is meant for", async () => {
  wecom.failNext(-1, 2, { member: "lisi" });
  wecom.failNext(45009);
  expect(await send("一")).toMatchObject({ errcode: 45009 });
  expect(await send("一")).toMatchObject({ errcode: 0 });
  expect(await send("一", { touser: "lisi" })).toMatchObject({ errcode: -1 });
  wecom.failNoMore();
  expect(await send("一", { touser: "lisi" })).toMatchObject({ errcode: 0 });
});

test("tells whose a sign-in code is, to who has the token", async () => {
  const whose = (code: string, given = token) =>
    call(`miniprogram/jscode2session?access_token=${given}&js_code=${code}&grant_type=authorization_code`);
  expect(await whose("member-zhang.san")).toMatchObject({ errcode: 0, corpid: "corp", userid: "zhang.san" });
  expect(await whose("stranger-zhangsan")).toMatchObject({ corpid: "corp-other", userid: "zhangsan" });
  expect(await whose("user-zhangsan")).toMatchObject({ errcode: 40029 });
  expect(await whose("member-zhangsan", "x")).toMatchObject({ errcode: 40014 });
});
