import type { Socket } from "bun";

/**
 * One HTTP/1.1 connection that takes whole requests as bytes and is asked for one at a time. Bun's fetch would need more
 * processor time for a request than the server that is measured.
 */
export interface KeepAliveConnection {
  /** Sends a request and resolves with the status of its answer, whose body must be empty. */
  exchange(request: Uint8Array): Promise<number>;
  close(): void;
}

const STATUS_AT = "HTTP/1.1 ".length;
const END_OF_HEAD = "\r\n\r\n";

export async function openKeepAliveConnection(hostname: string, port: number): Promise<KeepAliveConnection> {
  let answered = Promise.withResolvers<number>();
  let head = "";
  const socket: Socket = await Bun.connect({
    hostname,
    port,
    socket: {
      data(_socket, bytes) {
        head += bytes.toString("latin1");
        if (!head.endsWith(END_OF_HEAD)) return;
        const status = Number(head.slice(STATUS_AT, STATUS_AT + 3));
        head = "";
        answered.resolve(status);
      },
      close: () => answered.reject(new Error("the server closed the connection")),
    },
  });
  return {
    exchange(request) {
      answered = Promise.withResolvers();
      if (socket.write(request) !== request.byteLength) throw new Error("the server does not read");
      return answered.promise;
    },
    close: () => void socket.end(),
  };
}
