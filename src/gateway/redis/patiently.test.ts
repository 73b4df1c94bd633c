import { expect, test } from "bun:test";
import { startGatewayParts } from "../../../test/gateway-parts.ts";
import { openRedis } from "./connect.ts";
import { patiently } from "./patiently.ts";

test("outlives an outage, throws what Redis itself refuses, and ends with its signal", async () => {
  const { server, stop } = await startGatewayParts();
  const redis = openRedis(server.url, "commands", { commandTimeoutMs: 1_000 });
  redis.on("error", () => {
    // It connects again by itself.
  });
  try {
    const signal = AbortSignal.timeout(10_000);
    await redis.set("text", "no list");
    await server.kill9();
    let tries = 0;
    const answer = patiently(signal, async () => {
      if (++tries === 2) await server.restart();
      return await redis.ping();
    });
    expect(await answer).toBe("PONG");
    expect(tries).toBeGreaterThan(1);

    await redis.set("text", "no list");
    tries = 0;
    const refused = patiently(signal, () => {
      tries++;
      return redis.lpush("text", "x");
    });
    expect(await refused.catch((error: Error) => error.name)).toBe("ReplyError");
    expect(tries).toBe(1);

    const over = new AbortController();
    const given = patiently(over.signal, () => Promise.reject(new Error("no answer")));
    over.abort(new Error("over"));
    expect(await given.catch((error: Error) => error.message)).toBe("over");
  } finally {
    redis.disconnect();
    await stop();
  }
});
