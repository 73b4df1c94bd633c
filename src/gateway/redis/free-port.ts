import { createServer } from "node:net";

/**
 * Below the ports that systems give to outgoing connections (32768 and up on Linux, 49152 on Windows): there, a
 * client that tries again while Redis restarts could be given the very port, and connect to itself.
 */
const FIRST_PORT = 20_000;
const PORT_COUNT = 10_000;
const TRIES = 100;

/** A port of 127.0.0.1 on which nobody listens just now. */
export async function freePort(): Promise<number> {
  for (let i = 0; i < TRIES; i++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`127.0.0.1 上找不到空闲端口（试了 ${FIRST_PORT} 到 ${FIRST_PORT + PORT_COUNT - 1}）`);
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
