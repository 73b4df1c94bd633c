import { openWecomCrypto } from "../src/gateway/wecom/crypto.ts";
import type { CallbackApp } from "./callback-load.ts";
import { answerCommands } from "./load-process.ts";

/** Baseline, as a process: a POST whose signature (sha1) is checked, that is decrypted (AES-256-CBC) and forgotten. */
export interface RawCallback {
  /** Returns its address. */
  serve(app: CallbackApp): Promise<string>;
}

answerCommands({
  serve({ corpId, token, aesKey }: CallbackApp) {
    const crypto = openWecomCrypto({ token, aesKey, receiveId: corpId });
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const query = new URL(request.url).searchParams;
        const get = (name: string) => query.get(name) ?? "";
        const encrypted = /<Encrypt><!\[CDATA\[(.*?)\]\]>/.exec(await request.text())?.[1] ?? "";
        if (!crypto.verify(get("msg_signature"), get("timestamp"), get("nonce"), encrypted))
          return new Response(null, { status: 403 });
        crypto.decrypt(encrypted);
        return new Response();
      },
    });
    return Promise.resolve(`http://127.0.0.1:${server.port}/`);
  },
});
