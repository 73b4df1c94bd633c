import { openWecomCrypto, type WecomCrypto } from "../src/gateway/wecom/crypto.ts";

/** WeCom gives up waiting after 5 s (developer.work.weixin.qq.com/document/path/90238). */
const ANSWER_TIMEOUT_MS = 5_000;
/** For the check of the URL it waits only 1 s. */
const VERIFY_TIMEOUT_MS = 1_000;
/** It sends a message three times in total. */
const TRIES = 3;
/** WeCom names no pause between them; a second shows what happens on the page. */
const RETRY_DELAY_MS = 1_000;

/** A try's status code, or why there was none. */
export type TryOutcome = number | "no-connection" | "timeout";

/** How it went. `delivered`: the last try was answered with 200. */
export interface Delivery {
  readonly delivered: boolean;
  readonly tries: readonly TryOutcome[];
  /** The body of the last answer; a gateway answers 200 with an empty one. */
  readonly answer: string;
}

export interface SendOptions {
  /** Otherwise a new one. */
  msgId?: string;
  /** Seconds; otherwise now. */
  createTime?: number;
  /** Told of each failed try after which another will follow. */
  onRetry?: (outcome: TryOutcome) => void;
}

/** The half of the WeCom platform that calls the gateway. */
export interface CallbackSender {
  /** What WeCom does when the URL is saved in its console: `ok` when the gateway gave back exactly our text. */
  verifyUrl(): Promise<{ ok: boolean; status: TryOutcome; answer: string }>;
  sendText(member: string, text: string, options?: SendOptions): Promise<Delivery>;
  /** Any other type, such as image with `{ PicUrl, MediaId }`. */
  sendMessage(
    member: string,
    type: string,
    fields: Readonly<Record<string, string>>,
    options?: SendOptions,
  ): Promise<Delivery>;
  /** `fields`: EventKey, TaskId, … */
  sendEvent(
    member: string,
    event: string,
    fields?: Readonly<Record<string, string>>,
    options?: SendOptions,
  ): Promise<Delivery>;
  /** Encrypts and delivers any XML. */
  sendXml(xml: string, options?: SendOptions): Promise<Delivery>;
}

export interface CallbackSenderOptions {
  /** The gateway's address of `/wecom`. */
  callbackUrl: string;
  corpId: string;
  agentId: string;
  token: string;
  aesKey: string;
  answerTimeoutMs?: number;
  retryDelayMs?: number;
}

export function openCallbackSender(options: CallbackSenderOptions): CallbackSender {
  const { callbackUrl, corpId, agentId, token, aesKey } = options;
  const { answerTimeoutMs = ANSWER_TIMEOUT_MS, retryDelayMs = RETRY_DELAY_MS } = options;
  const crypto = openWecomCrypto({ token, aesKey, receiveId: corpId });
  const nextMsgId = msgIds();

  async function sendXml(xml: string, { onRetry }: SendOptions = {}): Promise<Delivery> {
    const tries: TryOutcome[] = [];
    while (true) {
      const { query, encrypt } = seal(crypto, xml);
      const body = `<xml><ToUserName>${cdata(corpId)}</ToUserName><AgentID>${cdata(agentId)}</AgentID><Encrypt>${cdata(encrypt)}</Encrypt></xml>`;
      const { status, answer } = await call(`${callbackUrl}?${query.toString()}`, body, answerTimeoutMs);
      tries.push(status);
      if (status === 200 || tries.length === TRIES) return { delivered: status === 200, tries, answer };
      onRetry?.(status);
      await Bun.sleep(retryDelayMs);
    }
  }

  function xmlOf(
    member: string,
    fields: Readonly<Record<string, string>>,
    options: SendOptions = {},
  ): string {
    const createTime = String(options.createTime ?? Math.floor(Date.now() / 1_000));
    const all = {
      ToUserName: corpId,
      FromUserName: member,
      CreateTime: createTime,
      ...fields,
      AgentID: agentId,
    };
    return `<xml>${Object.entries(all)
      .map(([name, value]) => `<${name}>${cdata(value)}</${name}>`)
      .join("\n")}</xml>`;
  }

  const sendMessage: CallbackSender["sendMessage"] = (member, type, fields, options = {}) => {
    const MsgId = options.msgId ?? nextMsgId();
    return sendXml(xmlOf(member, { MsgType: type, ...fields, MsgId }, options), options);
  };

  return {
    sendXml,
    sendMessage,
    sendText: (member, text, options) => sendMessage(member, "text", { Content: text }, options),
    sendEvent(member, event, fields = {}, options = {}) {
      const xml = xmlOf(member, { MsgType: "event", Event: event, EventKey: "", ...fields }, options);
      return sendXml(xml, options);
    },
    async verifyUrl() {
      const plaintext = nextMsgId();
      const { query, encrypt } = seal(crypto, plaintext);
      query.set("echostr", encrypt);
      const { status, answer } = await call(
        `${callbackUrl}?${query.toString()}`,
        undefined,
        VERIFY_TIMEOUT_MS,
      );
      return { ok: status === 200 && answer === plaintext, status, answer };
    },
  };
}

function seal(crypto: WecomCrypto, text: string): { query: URLSearchParams; encrypt: string } {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const nonce = String(Math.floor(Math.random() * 1e10));
  const { encrypt, signature } = crypto.seal(text, { timestamp, nonce });
  return { query: new URLSearchParams({ msg_signature: signature, timestamp, nonce }), encrypt };
}

async function call(
  url: string,
  body: string | undefined,
  timeoutMs: number,
): Promise<{ status: TryOutcome; answer: string }> {
  const request = body === undefined ? {} : { method: "POST", body, headers: { "content-type": "text/xml" } };
  // WeCom follows no redirects.
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, { ...request, redirect: "manual", signal: timeout });
    return { status: response.status, answer: await response.text() };
  } catch {
    return { status: timeout.aborted ? "timeout" : "no-connection", answer: "" };
  }
}

/** Unique text of 64 bits, too large for a JavaScript number: whoever takes it for one will be found out. */
function msgIds(): () => string {
  let last = BigInt(Date.now()) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000));
  return () => String(++last);
}

/** A `]]>` in the text would end the section: it is divided between two. */
function cdata(text: string): string {
  return `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
}
