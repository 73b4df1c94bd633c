import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import vectors from "../../../test/vectors.json";
import { InboundMessageError, readInbound, WecomInbound } from "./inbound-message.ts";
import { parseXml } from "./xml.ts";

/** A message as WeCom writes it; `fields` come before and win over the usual ones. */
function message(fields: Record<string, string>, more = ""): WecomInbound {
  const all = {
    ToUserName: "corp",
    FromUserName: "zhangsan",
    CreateTime: "1700000000",
    AgentID: "218",
    ...fields,
  };
  const xml = Object.entries(all).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`);
  return readInbound(parseXml(`<xml>${xml.join("\n")}${more}</xml>`));
}
const event = (fields: Record<string, string>, more = "") => message({ MsgType: "event", ...fields }, more);

describe("messages", () => {
  test("WeCom's own sample", () => {
    expect(readInbound(parseXml(vectors.wecom_official.post.plaintext))).toEqual({
      kind: "text",
      dedupeId: "m:4561255354251345929",
      member: "mycreate",
      agentId: "218",
      createdAtMs: 1_409_659_813_000,
      text: "hello",
    });
  });

  test("a MsgId of 64 bits keeps all its digits", () => {
    const read = message({ MsgType: "text", MsgId: "18446744073709551615", Content: "" });
    expect(read.dedupeId).toBe("m:18446744073709551615");
  });

  test.each(["image", "voice", "video", "location", "link", "file", "something_new"])(
    "%s is named, not read",
    (type) => {
      expect(message({ MsgType: type, MsgId: "7", MediaId: "m" })).toMatchObject({
        kind: "unsupported",
        dedupeId: "m:7",
        member: "zhangsan",
        msgType: type,
      });
    },
  );

  test.each([
    ["no MsgId", { MsgType: "text", Content: "hi" }],
    ["an empty MsgId", { MsgType: "text", Content: "hi", MsgId: "" }],
    ["a MsgId that is none", { MsgType: "text", Content: "hi", MsgId: "1 2" }],
    ["no MsgId of another type", { MsgType: "image" }],
    ["nobody it is from", { MsgType: "text", MsgId: "1", Content: "hi", FromUserName: "" }],
    ["no content", { MsgType: "text", MsgId: "1" }],
    ["no type", { MsgId: "1", Content: "hi" }],
    ["a time that is none", { MsgType: "text", MsgId: "1", Content: "hi", CreateTime: "now" }],
    ["an event without a name", { MsgType: "event" }],
    ["an event of nobody", { MsgType: "event", Event: "enter_agent", FromUserName: "" }],
  ])("refuses %s", (_, fields: Record<string, string>) => {
    expect(() => message(fields)).toThrow(InboundMessageError);
  });

  test("refuses text where children stand", () => {
    expect(() => message({ MsgType: "text", MsgId: "1" }, "<Content><A>1</A></Content>")).toThrow(
      InboundMessageError,
    );
  });
});

describe("events", () => {
  test("enter_agent; empty elements count as absent", () => {
    const read = event({ Event: "enter_agent", EventKey: "" });
    expect(read).toMatchObject({ kind: "event", event: "enter_agent", member: "zhangsan" });
    expect(JSON.parse(JSON.stringify(read))).not.toHaveProperty("eventKey");
  });

  test("one of the whole corp has no agent", () => {
    expect(event({ Event: "change_contact", FromUserName: "sys", AgentID: "" }).agentId).toBeUndefined();
  });

  test("template_card_event with what was chosen", () => {
    const chosen = `<SelectedItems>
      <SelectedItem><QuestionKey>q1</QuestionKey><OptionIds><OptionId>a</OptionId><OptionId>b</OptionId></OptionIds></SelectedItem>
      <SelectedItem><QuestionKey><![CDATA[q2]]></QuestionKey><OptionIds></OptionIds></SelectedItem>
    </SelectedItems>`;
    const fields = {
      Event: "template_card_event",
      EventKey: "approve",
      TaskId: "t1",
      CardType: "vote_interaction",
      ResponseCode: "rc",
    };
    expect(event(fields, chosen)).toMatchObject({
      event: "template_card_event",
      eventKey: "approve",
      taskId: "t1",
      cardType: "vote_interaction",
      responseCode: "rc",
      selected: [
        { questionKey: "q1", optionIds: ["a", "b"] },
        { questionKey: "q2", optionIds: [] },
      ],
    });
  });

  test("one event has one id, another event of the same second another", () => {
    const base = { Event: "template_card_event", EventKey: "yes", TaskId: "t1" };
    const ids = [
      base,
      { ...base, EventKey: "no" },
      { ...base, TaskId: "t2" },
      { ...base, Event: "click" },
      { ...base, CreateTime: "1700000001" },
      { ...base, FromUserName: "lisi" },
      { Event: "click", EventKey: "yest1" },
    ].map((fields) => event(fields).dedupeId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(event(base).dedupeId).toBe(ids[0] ?? "");
    expect(ids[0]).toMatch(/^e:[0-9a-f]{32}$/);
  });
});

test("survives the inbox as JSON", () => {
  const all = [
    message({ MsgType: "text", MsgId: "1", Content: "你好" }),
    message({ MsgType: "image", MsgId: "2" }),
    event({ Event: "template_card_event", TaskId: "t" }, "<SelectedItems></SelectedItems>"),
  ];
  for (const one of all)
    expect(v.parse(WecomInbound, JSON.parse(JSON.stringify(one)))).toEqual(JSON.parse(JSON.stringify(one)));
});
