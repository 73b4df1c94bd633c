import { describe, expect, test } from "bun:test";
import { createDecipheriv, createHash, createHmac } from "node:crypto";
import * as vendor from "@wecom/crypto";
import vectors from "../../../test/vectors.json";
import { openWecomCrypto, WecomCryptoError } from "./crypto.ts";

const { wecom_official: official, self_made: selfMade, dingtalk_official: dingtalk } = vectors;
const { token, encodingAESKey: aesKey, corpId } = official;
const crypto = openWecomCrypto({ token, aesKey, receiveId: corpId });

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof WecomCryptoError) return error.code;
    throw error;
  }
  return "accepted";
};
const ascii = (text: string) => Buffer.from(text, "latin1");

describe("WeCom's own samples", () => {
  test("URL verification", () => {
    const { msg_signature, timestamp, nonce, echostr, plaintext, random16 } = official.url_verify;
    expect(crypto.verify(msg_signature, timestamp, nonce, echostr)).toBe(true);
    expect(crypto.decrypt(echostr)).toBe(plaintext);
    expect(crypto.seal(plaintext, { timestamp, nonce, random16: ascii(random16) })).toEqual({
      encrypt: echostr,
      signature: msg_signature,
    });
  });

  test("POST", () => {
    const { msg_signature, timestamp, nonce, encrypt, plaintext, random16 } = official.post;
    expect(crypto.verify(msg_signature, timestamp, nonce, encrypt)).toBe(true);
    expect(crypto.decrypt(encrypt)).toBe(plaintext);
    expect(crypto.seal(plaintext, { timestamp, nonce, random16: ascii(random16) })).toEqual({
      encrypt,
      signature: msg_signature,
    });
  });
});

describe("round trips", () => {
  test.each(selfMade.wecom_roundtrip)("$name", (sample) => {
    const { msg, receiveId, random16, timestamp, nonce, encrypt, signature } = sample;
    const crypto = openWecomCrypto({ token, aesKey, receiveId });
    expect(crypto.verify(signature, timestamp, nonce, encrypt)).toBe(true);
    expect(crypto.decrypt(encrypt)).toBe(msg);
    expect(crypto.seal(msg, { timestamp, nonce, random16: ascii(random16) })).toEqual({ encrypt, signature });
  });

  test("agrees with the vendor's package, for every length of padding", () => {
    for (let length = 0; length <= 70; length++) {
      const message = "信".repeat(length % 5) + "x".repeat(length);
      const sealed = crypto.seal(message, { timestamp: "1700000000", nonce: String(length) });
      expect(vendor.decrypt(aesKey, sealed.encrypt)).toMatchObject({ message, id: corpId });
      expect(vendor.getSignature(token, "1700000000", String(length), sealed.encrypt)).toBe(sealed.signature);
      expect(crypto.decrypt(vendor.encrypt(aesKey, message, corpId))).toBe(message);
    }
  });

  test("two seals of one message differ", () => {
    const seal = () => crypto.seal("hello", { timestamp: "1", nonce: "2" }).encrypt;
    expect(seal()).not.toBe(seal());
  });
});

describe("refuses", () => {
  const expected: Record<string, string> = {
    "pad byte 0": "padding",
    "pad byte 33": "padding",
    "inconsistent pad bytes": "padding",
    "length field larger than body": "length",
    "length field = 0xffffffff (negative as int32)": "length",
    "wrong receiveId (other corp)": "receive-id",
    "ciphertext not a multiple of 16 bytes": "decrypt",
    "signature off by one hex digit": "signature",
  };

  test.each(selfMade.wecom_must_reject)("$name", ({ name, signature, timestamp, nonce, encrypt }) => {
    const genuine = crypto.verify(signature, timestamp, nonce, encrypt);
    const fault = genuine ? codeOf(() => crypto.decrypt(encrypt)) : "signature";
    expect(fault).toBe(expected[name] ?? "not listed");
  });

  test.each(["", "====", "AAAA*AAA", "AAA", `${official.post.encrypt}\n`, official.post.encrypt.slice(1)])(
    "what is not base64: %j",
    (encrypted) => {
      expect(codeOf(() => crypto.decrypt(encrypted))).toBe("base64");
    },
  );

  test("a ciphertext of one block, whatever it decrypts to", () => {
    for (let i = 0; i < 300; i++) {
      const encrypted = Buffer.alloc(16, i % 256).toString("base64");
      expect(codeOf(() => crypto.decrypt(encrypted))).not.toBe("accepted");
    }
  });

  test.each(["", "5c45", official.url_verify.msg_signature.toUpperCase(), "z".repeat(40), "é".repeat(40)])(
    "the signature %j",
    (signature) => {
      const { timestamp, nonce, echostr } = official.url_verify;
      expect(crypto.verify(signature, timestamp, nonce, echostr)).toBe(false);
    },
  );

  test("a signature over another timestamp, nonce, text or token", () => {
    const { msg_signature, timestamp, nonce, echostr } = official.url_verify;
    expect(crypto.verify(msg_signature, "1409659590", nonce, echostr)).toBe(false);
    expect(crypto.verify(msg_signature, timestamp, "263014781", echostr)).toBe(false);
    expect(crypto.verify(msg_signature, timestamp, nonce, official.post.encrypt)).toBe(false);
    const other = openWecomCrypto({ token: "other", aesKey, receiveId: corpId });
    expect(other.verify(msg_signature, timestamp, nonce, echostr)).toBe(false);
  });

  test.each([aesKey.slice(1), `${aesKey}a`, `${aesKey.slice(1)}=`, `${aesKey.slice(1)}-`])(
    "a key that is not 43 letters and digits: %s",
    (key) => {
      expect(codeOf(() => openWecomCrypto({ token, aesKey: key, receiveId: corpId }))).toBe("key");
    },
  );

  test("another key", () => {
    const other = openWecomCrypto({ token, aesKey: "a".repeat(43), receiveId: corpId });
    expect(codeOf(() => other.decrypt(official.post.encrypt))).not.toBe("accepted");
  });
});

/** Not of WeCom's app, but of channels that can be added: so that their adapters start from known-good samples. */
describe("samples of other platforms", () => {
  test("DingTalk events use the same encryption", () => {
    const { encrypt, signature, timestamp, nonce, message, receiver, random16 } = dingtalk;
    const crypto = openWecomCrypto({ token: dingtalk.token, aesKey: dingtalk.aesKey, receiveId: receiver });
    expect(crypto.verify(signature, timestamp, nonce, encrypt)).toBe(true);
    expect(crypto.decrypt(encrypt)).toBe(message);
    expect(crypto.seal(message, { timestamp, nonce, random16: ascii(random16) })).toEqual({
      encrypt,
      signature,
    });
  });

  test("DingTalk robot: HMAC-SHA256 of timestamp and secret", () => {
    const { timestamp, appSecret, sign_base64 } = selfMade.dingtalk_robot_sign;
    const sign = createHmac("sha256", appSecret).update(`${timestamp}\n${appSecret}`).digest("base64");
    expect(sign).toBe(sign_base64);
  });

  test("Feishu events: AES-256-CBC with the key's SHA-256, IV in front", () => {
    const { encryptKey, encrypt, plaintext } = vectors.feishu_official;
    const bytes = Buffer.from(encrypt, "base64");
    const key = createHash("sha256").update(encryptKey).digest();
    const decipher = createDecipheriv("aes-256-cbc", key, bytes.subarray(0, 16));
    expect(decipher.update(bytes.subarray(16), undefined, "utf8") + decipher.final("utf8")).toBe(plaintext);
  });

  test("Feishu signature: SHA-256 over the raw body", () => {
    const { timestamp, nonce, encryptKey, raw_body, x_lark_signature } = selfMade.feishu_event_signature;
    const signature = createHash("sha256")
      .update(timestamp + nonce + encryptKey + raw_body)
      .digest("hex");
    expect(signature).toBe(x_lark_signature);
  });

  test.each(vectors.wecom_jssdk_official.cases)("WeCom JS-SDK signature of $url", ({ url, signature }) => {
    const { jsapi_ticket: ticket, noncestr, timestamp } = vectors.wecom_jssdk_official;
    const signed = `jsapi_ticket=${ticket}&noncestr=${noncestr}&timestamp=${timestamp}&url=${url}`;
    expect(createHash("sha1").update(signed).digest("hex")).toBe(signature);
  });
});
