import { getLogger } from "@logtape/logtape";
import vectors from "../../../test/vectors.json";
import { openWecomCrypto } from "./crypto.ts";

const { token, encodingAESKey: aesKey, corpId } = vectors.wecom_official;

/** The app that the tests' callbacks are for: that of WeCom's own samples. */
export const app = { token, aesKey, corpId, agentId: "218" };
const { agentId } = app;
export const crypto = openWecomCrypto({ token, aesKey, receiveId: corpId });
export const log = getLogger(["claw", "test"]);

export const query = (fields: Record<string, string>) => `?${new URLSearchParams(fields).toString()}`;
export const envelope = (encrypt: string, to = corpId, agent = agentId) =>
  `<xml><ToUserName><![CDATA[${to}]]></ToUserName><AgentID>${agent}</AgentID><Encrypt><![CDATA[${encrypt}]]></Encrypt></xml>`;
export const textXml = (fields: Record<string, string> = {}) =>
  `<xml>${Object.entries({
    ToUserName: corpId,
    FromUserName: "zhangsan",
    CreateTime: "1700000000",
    MsgType: "text",
    Content: "你好",
    MsgId: "7000000000000000001",
    AgentID: agentId,
    ...fields,
  })
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join("")}</xml>`;
