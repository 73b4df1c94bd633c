import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from "node:crypto";

/** `key` is a wrong setting; all others are faults of what was received. */
export type WecomCryptoFault = "key" | "base64" | "decrypt" | "padding" | "length" | "receive-id";

/** What is wrong with a key or a received message. Carries nothing of the content. */
export class WecomCryptoError extends Error {
  readonly code: WecomCryptoFault;
  constructor(code: WecomCryptoFault) {
    super(`wecom crypto: ${code}`);
    this.name = "WecomCryptoError";
    this.code = code;
  }
}

/** WeCom's signed encryption of callbacks (developer.work.weixin.qq.com/document/path/90968); DingTalk's is the same. */
export interface WecomCrypto {
  /** Whether `signature` was made with our token. Takes the same time wherever a wrong one differs. */
  verify(signature: string, timestamp: string, nonce: string, encrypted: string): boolean;
  /** Check the signature first. @throws WecomCryptoError for anything that WeCom would not have sent to us */
  decrypt(encrypted: string): string;
  /** Encrypts and signs. `random16` (16 bytes) is for tests; without it they are random. */
  seal(
    message: string,
    options: { timestamp: string; nonce: string; random16?: Uint8Array },
  ): { encrypt: string; signature: string };
}

const AES_BLOCK_BYTES = 16;
/** The vendor pads to 32, although AES needs only 16. */
const PAD_BLOCK_BYTES = 32;
const RANDOM_BYTES = 16;
/** Random bytes, then the message's length (4 bytes, big-endian). */
const HEAD_BYTES = RANDOM_BYTES + 4;

/**
 * @param options.aesKey the 43 characters of EncodingAESKey
 * @param options.receiveId whom messages are for: the corp id for an app, empty for an AI bot
 */
export function openWecomCrypto(options: { token: string; aesKey: string; receiveId: string }): WecomCrypto {
  const { token, aesKey } = options;
  if (!/^[A-Za-z0-9]{43}$/.test(aesKey)) throw new WecomCryptoError("key");
  const key = Buffer.from(aesKey, "base64");
  const iv = key.subarray(0, AES_BLOCK_BYTES);
  const receiveId = Buffer.from(options.receiveId);

  const digest = (timestamp: string, nonce: string, encrypted: string): Buffer => {
    const sha1 = Buffer.alloc(20);
    Bun.SHA1.hash([token, timestamp, nonce, encrypted].sort().join(""), sha1);
    return sha1;
  };

  return {
    verify(signature, timestamp, nonce, encrypted) {
      if (!/^[0-9a-f]{40}$/.test(signature)) return false;
      return timingSafeEqual(Buffer.from(signature, "hex"), digest(timestamp, nonce, encrypted));
    },

    decrypt(encrypted) {
      const decipher = createDecipheriv("aes-256-cbc", key, iv).setAutoPadding(false);
      const plain = decipher.update(ciphertext(encrypted));
      const end = plain.length - paddingOf(plain);
      const messageEnd = HEAD_BYTES + (end < HEAD_BYTES ? 0 : plain.readUInt32BE(RANDOM_BYTES));
      if (messageEnd > end) throw new WecomCryptoError("length");
      if (!plain.subarray(messageEnd, end).equals(receiveId)) throw new WecomCryptoError("receive-id");
      return plain.toString("utf8", HEAD_BYTES, messageEnd);
    },

    seal(message, { timestamp, nonce, random16 = randomBytes(RANDOM_BYTES) }) {
      const body = Buffer.from(message);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      const plain = padded(Buffer.concat([random16, length, body, receiveId]));
      const cipher = createCipheriv("aes-256-cbc", key, iv).setAutoPadding(false);
      const encrypt = cipher.update(plain).toString("base64");
      return { encrypt, signature: digest(timestamp, nonce, encrypt).toString("hex") };
    },
  };
}

function ciphertext(encrypted: string): Buffer {
  // Buffer.from alone would skip over characters that are not base64.
  if (encrypted.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encrypted))
    throw new WecomCryptoError("base64");
  const bytes = Buffer.from(encrypted, "base64");
  if (bytes.length % AES_BLOCK_BYTES !== 0) throw new WecomCryptoError("decrypt");
  return bytes;
}

function paddingOf(plain: Buffer): number {
  const count = plain.at(-1) ?? 0;
  if (count < 1 || count > PAD_BLOCK_BYTES || count > plain.length) throw new WecomCryptoError("padding");
  for (let i = plain.length - count; i < plain.length; i++)
    if (plain[i] !== count) throw new WecomCryptoError("padding");
  return count;
}

function padded(plain: Buffer): Buffer {
  const count = PAD_BLOCK_BYTES - (plain.length % PAD_BLOCK_BYTES);
  return Buffer.concat([plain, Buffer.alloc(count, count)]);
}
