import { openWecomCrypto } from "../src/gateway/wecom/crypto.ts";
import { type KeepAliveConnection, openKeepAliveConnection } from "./keep-alive-connection.ts";
import { answerCommands } from "./load-process.ts";

/** Whom callbacks are for, as both sides have it in their settings. */
export interface CallbackApp {
  corpId: string;
  agentId: string;
  token: string;
  aesKey: string;
}

/** WeCom's half that calls: it sends callbacks encrypted beforehand, each once. */
export interface CallbackLoad {
  /** Encrypts that many text messages of as many members; each has a MsgId of its own. */
  prepare(batch: { app: CallbackApp; count: number; members: number }): Promise<void>;
  /** Sends all of them on keep-alive connections; `perSecond` 0: each as soon as a connection is free. */
  send(run: { url: string; connections: number; perSecond: number }): Promise<CallbackRun>;
}

export interface CallbackRun {
  seconds: number;
  /** Of each message, from the moment when it was due. */
  latenciesMs: number[];
}

interface Message {
  query: string;
  body: string;
}

let messages: Message[] = [];
let lastMsgId = BigInt(Date.now()) * 1_000_000n;

function sealed(app: CallbackApp, member: string, msgId: bigint): Message {
  const { corpId, agentId, token, aesKey } = app;
  const crypto = openWecomCrypto({ token, aesKey, receiveId: corpId });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const nonce = String(msgId % 10_000_000_000n);
  const xml = `<xml><ToUserName><![CDATA[${corpId}]]></ToUserName>\n<FromUserName><![CDATA[${member}]]></FromUserName>\n<CreateTime>${timestamp}</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[请帮我总结一下第 ${msgId} 号会议纪要]]></Content>\n<MsgId>${msgId}</MsgId>\n<AgentID>${agentId}</AgentID></xml>`;
  const { encrypt, signature } = crypto.seal(xml, { timestamp, nonce });
  return {
    query: `msg_signature=${signature}&timestamp=${timestamp}&nonce=${nonce}`,
    body: `<xml><ToUserName><![CDATA[${corpId}]]></ToUserName><Encrypt><![CDATA[${encrypt}]]></Encrypt><AgentID><![CDATA[${agentId}]]></AgentID></xml>`,
  };
}

function requestOf(url: URL, { query, body }: Message): Uint8Array {
  const head = `POST ${url.pathname}?${query} HTTP/1.1\r\nhost: ${url.host}\r\ncontent-type: text/xml\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.from(head + body);
}

answerCommands({
  prepare({ app, count, members }: Parameters<CallbackLoad["prepare"]>[0]) {
    messages = Array.from({ length: count }, (_, i) => sealed(app, `member${i % members}`, ++lastMsgId));
    return Promise.resolve();
  },

  async send({ url, connections, perSecond }: Parameters<CallbackLoad["send"]>[0]): Promise<CallbackRun> {
    const address = new URL(url);
    const requests = messages.map((message) => requestOf(address, message));
    const open = () => openKeepAliveConnection(address.hostname, Number(address.port));
    const lanes = await Promise.all(Array.from({ length: connections }, open));
    const intervalMs = perSecond > 0 ? 1000 / perSecond : 0;
    const latenciesMs: number[] = [];
    const startedAt = performance.now();
    let next = 0;

    async function work(lane: KeepAliveConnection): Promise<void> {
      for (let at = next++; at < requests.length; at = next++) {
        const dueAt = intervalMs > 0 ? startedAt + at * intervalMs : performance.now();
        const earlyMs = dueAt - performance.now();
        if (earlyMs > 0) await Bun.sleep(earlyMs);
        const status = await lane.exchange(requests[at] ?? new Uint8Array());
        if (status !== 200) throw new Error(`a callback was answered with ${status}`);
        latenciesMs.push(performance.now() - dueAt);
      }
    }

    await Promise.all(lanes.map(work));
    const seconds = (performance.now() - startedAt) / 1000;
    for (const lane of lanes) lane.close();
    return { seconds, latenciesMs };
  },
});
