import { type Context, Hono } from "hono";
import type { Logger } from "../../log.ts";
import { type WecomCrypto, WecomCryptoError } from "./crypto.ts";
import { InboundMessageError, readInbound, type WecomInbound } from "./inbound-message.ts";
import { parseXml, XmlError } from "./xml.ts";
import type { XmlRecord } from "./xml-record.ts";

/** WeCom's messages have a few KiB; texts end at 2048 bytes. */
const MAX_BODY_BYTES = 256 * 1024;
/** The same complaint is logged at most this often: anyone can call this address. */
const WARN_EVERY_MS = 10_000;

export interface WecomCallbackOptions {
  crypto: WecomCrypto;
  corpId: string;
  agentId: string;
  /** Resolves when the message is where it cannot be lost, also when it was there before. Gets the decrypted XML too. */
  accept: (message: WecomInbound, xml: string) => Promise<unknown>;
  log: Logger;
}

/** What the caller is told. WeCom sends a message again, three times in all, after anything but 200. */
const REFUSALS = {
  incomplete: [400, "缺少参数。这是企业微信的回调地址，请填写到企业微信管理后台的“接收消息”设置里"],
  malformed: [400, "消息格式不正确"],
  "cut-off": [400, "消息没有传完"],
  signature: [403, "签名不正确"],
  foreign: [403, "不是发给本应用的消息"],
  "too-large": [413, "消息体太大"],
  unavailable: [503, "暂时不能接收消息"],
} as const;
type Refusal = keyof typeof REFUSALS;

class CallbackRefused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal, cause?: unknown) {
    super(`wecom callback: ${refusal}`, { cause });
    this.refusal = refusal;
  }
}

/**
 * The address that WeCom calls (developer.work.weixin.qq.com/document/path/90238): GET asks whether it is ours, POST
 * brings a message. A message is acknowledged (200, empty) only when it is accepted.
 */
export function wecomCallback(options: WecomCallbackOptions): Hono {
  const { crypto, accept } = options;
  const warn = warnSparsely(options.log);

  const open = ({ signature, timestamp, nonce }: Signed, encrypted: string): string => {
    if (!crypto.verify(signature, timestamp, nonce, encrypted)) throw new CallbackRefused("signature");
    return crypto.decrypt(encrypted);
  };
  const refuse = (c: Context, error: unknown): Response => {
    const refusal = refusalOf(error);
    const [status, text] = REFUSALS[refusal];
    warn(refusal, error);
    return c.text(text, status);
  };

  return new Hono()
    .get("/", (c) => {
      try {
        const echo = c.req.query("echostr");
        if (!echo) throw new CallbackRefused("incomplete");
        return c.text(open(signedOf(c), echo), 200, { "content-type": "text/plain; charset=UTF-8" });
      } catch (error) {
        return refuse(c, error);
      }
    })
    .post("/", async (c) => {
      try {
        const signed = signedOf(c);
        const envelope = forUs(parseXml(await bodyOf(c.req.raw).catch(cutOff)), options);
        if (typeof envelope["Encrypt"] !== "string") throw new CallbackRefused("malformed");
        const xml = open(signed, envelope["Encrypt"]);
        const message = readInbound(forUs(parseXml(xml), options));
        await accept(message, xml).catch((error: unknown) => {
          throw new CallbackRefused("unavailable", error);
        });
        return c.body(null, 200);
      } catch (error) {
        return refuse(c, error);
      }
    });
}

interface Signed {
  signature: string;
  timestamp: string;
  nonce: string;
}

function signedOf(c: Context): Signed {
  const { msg_signature: signature, timestamp, nonce } = c.req.query();
  if (!signature || !timestamp || !nonce) throw new CallbackRefused("incomplete");
  return { signature, timestamp, nonce };
}

/** The whole body; read piece by piece when its length is not known before. */
async function bodyOf(request: Request): Promise<string> {
  const length = request.headers.get("content-length");
  const chunked = request.headers.has("transfer-encoding");
  if (length !== null && !chunked) {
    if (Number(length) > MAX_BODY_BYTES) throw new CallbackRefused("too-large");
    return await request.text();
  }
  let bytes = 0;
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) throw new CallbackRefused("too-large");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The connection ended early. */
function cutOff(error: unknown): never {
  throw error instanceof CallbackRefused ? error : new CallbackRefused("cut-off");
}

/** The envelope is not signed, what it holds is: both name the receiver, and both must mean us. */
function forUs(xml: XmlRecord, { corpId, agentId }: { corpId: string; agentId: string }): XmlRecord {
  const { ToUserName: corp = corpId, AgentID: agent = agentId } = xml;
  // Events of the whole corp have an empty AgentID.
  if (corp !== corpId || (agent !== agentId && agent !== "")) throw new CallbackRefused("foreign");
  return xml;
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof CallbackRefused) return error.refusal;
  if (error instanceof WecomCryptoError) return error.code === "receive-id" ? "foreign" : "malformed";
  if (error instanceof XmlError || error instanceof InboundMessageError) return "malformed";
  throw error;
}

/** Anyone can call the address: each kind of refusal is logged now and then, with how many there were in between. */
function warnSparsely(log: Logger): (refusal: Refusal, error: unknown) => void {
  const recent = new Map<Refusal, { untilMs: number; silent: number }>();
  return (refusal, error) => {
    const now = performance.now();
    const last = recent.get(refusal);
    if (last && now < last.untilMs) {
      last.silent++;
      return;
    }
    recent.set(refusal, { untilMs: now + WARN_EVERY_MS, silent: 0 });
    const [status, reason] = REFUSALS[refusal];
    const cause = error instanceof CallbackRefused ? error.cause : error;
    log.warn(`没有接收企业微信的回调：${reason}`, {
      status,
      cause,
      ...(last?.silent && { alsoRefused: last.silent }),
    });
  };
}
