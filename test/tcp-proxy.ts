import { connect, createServer, type Socket } from "node:net";

/** Carries TCP connections to a port of this machine, counts them, and breaks them off when told to. */
export interface TcpProxy {
  readonly port: number;
  /** Connections made so far. */
  connections(): number;
  /** Breaks off the side of those who connected; the other side learns nothing of it, as behind a NAT that forgot. */
  cutCallers(): void;
  stop(): Promise<void>;
}

/** `targetPort` is asked at each connection. */
export async function startTcpProxy(targetPort: () => number): Promise<TcpProxy> {
  const callers = new Set<Socket>();
  const targets = new Set<Socket>();
  let connections = 0;
  const server = createServer((caller) => {
    connections++;
    const target = connect(targetPort(), "127.0.0.1");
    callers.add(caller);
    targets.add(target);
    caller.on("data", (data) => target.write(data)).on("error", () => caller.destroy());
    target.on("data", (data) => caller.write(data)).on("error", () => caller.destroy());
    caller.on("end", () => target.end());
    target.on("end", () => caller.end());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    port: address.port,
    connections: () => connections,
    cutCallers() {
      for (const caller of callers) caller.destroy();
      callers.clear();
    },
    stop() {
      for (const socket of [...callers, ...targets]) socket.destroy();
      return new Promise((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}
