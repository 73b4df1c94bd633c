import * as v from "valibot";
import { childrenOf, type XmlRecord, type XmlValue } from "./xml-record.ts";

const common = {
  /** The same for every delivery of one message: `m:<MsgId>`, or `e:<hash>` for an event. */
  dedupeId: v.string(),
  /** The userid of the member who wrote or acted; `sys` for some events of WeCom's own. */
  member: v.string(),
  /** The app it was sent to; a few events have none. */
  agentId: v.optional(v.string()),
  createdAtMs: v.number(),
};

/** What came in by the callback, as it is kept in the inbox. */
export const WecomInbound = v.variant("kind", [
  v.object({ kind: v.literal("text"), ...common, text: v.string() }),
  v.object({
    kind: v.literal("event"),
    ...common,
    /** `enter_agent`, `subscribe`, `unsubscribe`, `template_card_event`, `inactive_alert`, … and any that WeCom adds */
    event: v.string(),
    /** Which button or menu item. */
    eventKey: v.optional(v.string()),
    /** From here on only for `template_card_event`: the card's task_id … */
    taskId: v.optional(v.string()),
    cardType: v.optional(v.string()),
    /** … what updates the card, once, within 72 hours … */
    responseCode: v.optional(v.string()),
    /** … and what was chosen in it. */
    selected: v.optional(v.array(v.object({ questionKey: v.string(), optionIds: v.array(v.string()) }))),
  }),
  /** image, voice, video, file, location, link, and any that WeCom adds */
  v.object({ kind: v.literal("unsupported"), ...common, msgType: v.string() }),
]);
export type WecomInbound = v.InferOutput<typeof WecomInbound>;
type Selection = { questionKey: string; optionIds: string[] };

/** A correctly signed message that lacks what every message has; it is never given a made-up id. */
export class InboundMessageError extends Error {
  constructor(fields: readonly string[]) {
    super(`inbound message: wrong or missing ${fields.join(", ")}`);
    this.name = "InboundMessageError";
  }
}

const Name = v.pipe(v.string(), v.regex(/^\S{1,128}$/));
/** An element that is left out and an empty one mean the same. */
const Optional = v.pipe(
  v.optional(v.string(), ""),
  v.transform((text) => (text === "" ? undefined : text)),
);

/** What every message and event has (developer.work.weixin.qq.com/document/path/90239 and 90240). */
const commonFields = {
  FromUserName: Name,
  /** Seconds. */
  CreateTime: v.pipe(v.string(), v.regex(/^\d{1,12}$/), v.transform(Number)),
  AgentID: Optional,
};
/** MsgId has 64 bits, which a number does not hold: it stays text. It becomes part of a Redis key. */
const MsgId = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/));

const TextFields = v.object({ ...commonFields, MsgId, Content: v.string() });
const OtherFields = v.object({ ...commonFields, MsgId, MsgType: Name });
const EventFields = v.object({
  ...commonFields,
  Event: Name,
  EventKey: Optional,
  TaskId: Optional,
  CardType: Optional,
  ResponseCode: Optional,
});

/** Reads a decrypted callback. @throws InboundMessageError */
export function readInbound(xml: XmlRecord): WecomInbound {
  if (xml["MsgType"] === "event") return readEvent(xml);
  if (xml["MsgType"] === "text") {
    const fields = checked(TextFields, xml);
    return { kind: "text", dedupeId: `m:${fields.MsgId}`, ...commonOf(fields), text: fields.Content };
  }
  const fields = checked(OtherFields, xml);
  return { kind: "unsupported", dedupeId: `m:${fields.MsgId}`, ...commonOf(fields), msgType: fields.MsgType };
}

function readEvent(xml: XmlRecord): WecomInbound {
  const fields = checked(EventFields, xml);
  return {
    kind: "event",
    dedupeId: eventId(fields),
    ...commonOf(fields),
    event: fields.Event,
    eventKey: fields.EventKey,
    taskId: fields.TaskId,
    cardType: fields.CardType,
    responseCode: fields.ResponseCode,
    selected: selections(xml["SelectedItems"]),
  };
}

/**
 * Events have no MsgId. WeCom's own advice, FromUserName and CreateTime, takes two events of one second for one,
 * as when entering the app and pressing a button fall together. Two presses of one button are two events, each with a
 * response_code of its own that must not be missed; WeCom's repeats of one carry the same.
 */
function eventId(event: v.InferOutput<typeof EventFields>): string {
  const parts = [
    event.FromUserName,
    event.CreateTime,
    event.Event,
    event.EventKey,
    event.TaskId,
    event.ResponseCode,
  ];
  return `e:${Bun.SHA256.hash(JSON.stringify(parts), "hex").slice(0, 32)}`;
}

function selections(items: XmlValue | undefined): Selection[] | undefined {
  if (items === undefined) return undefined;
  return childrenOf(items, "SelectedItem").map((item) => ({
    questionKey: childrenOf(item, "QuestionKey").filter(isText).join(""),
    optionIds: childrenOf(item, "OptionIds")
      .flatMap((ids) => childrenOf(ids, "OptionId"))
      .filter(isText),
  }));
}

function isText(value: XmlValue): value is string {
  return typeof value === "string";
}

function commonOf(fields: { FromUserName: string; AgentID: string | undefined; CreateTime: number }) {
  return { member: fields.FromUserName, agentId: fields.AgentID, createdAtMs: fields.CreateTime * 1_000 };
}

function checked<S extends v.GenericSchema>(schema: S, xml: XmlRecord): v.InferOutput<S> {
  const result = v.safeParse(schema, xml);
  if (!result.success)
    throw new InboundMessageError(result.issues.map((issue) => v.getDotPath(issue) ?? "?"));
  return result.output;
}
