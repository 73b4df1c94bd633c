import { backoffMs, pause } from "../backoff.ts";

const RETRY = { firstMs: 100, maxMs: 5_000 };
/** While two servers share the port: some turns of the event loop, in which the old one accepts who has come to it. */
const HANDOVER_MS = 20;

/** The server that listens on a port, and those before it of which sockets are still open. */
export interface SuccessiveServers<Data> {
  living(): Iterable<Bun.Server<Data>>;
  /**
   * Lets another server take over the port; sockets stay with the server that has accepted them. When the port cannot be
   * had, `onDelay` is called once, and it is tried again until it succeeds, or until `stopAccepting`.
   */
  replace(open: () => Bun.Server<Data>, onDelay: (error: unknown) => void): Promise<void>;
  stopAccepting(): void;
  /** Closes every socket. */
  close(): Promise<void>;
}

/**
 * A change of certificate needs another server, because Bun.serve keeps the one that it started with.
 *
 * @param sharesPort whether the servers are opened so that two of them can listen at once (`reusePort` on Linux): then
 * callers always meet one. Otherwise the old one stops first, and callers are refused for a moment.
 */
export function successiveServers<Data>(
  first: Bun.Server<Data>,
  sharesPort: boolean,
): SuccessiveServers<Data> {
  const living = new Set([first]);
  const stopping = new AbortController();
  let listening = first;

  /** It is forgotten when its last socket has closed. */
  function stop(server: Bun.Server<Data>, closeSockets: boolean): void {
    server.stop(closeSockets).then(
      () => living.delete(server),
      () => {
        // It stays among the living, and close() reports what goes wrong.
      },
    );
  }

  return {
    living: () => living,
    async replace(open, onDelay) {
      const old = listening;
      for (let attempt = 0; !stopping.signal.aborted; attempt++) {
        if (!sharesPort) stop(old, false);
        try {
          listening = open();
          living.add(listening);
          break;
        } catch (error) {
          if (attempt === 0) onDelay(error);
          // Windows may hold the port for as long as sockets accepted from it are open (SO_EXCLUSIVEADDRUSE). Clients come
          // back by themselves.
          if (!sharesPort) for (const server of living) stop(server, true);
          await pause(backoffMs(attempt, RETRY), stopping.signal);
        }
      }
      if (!sharesPort || listening === old) return;
      await pause(HANDOVER_MS, stopping.signal);
      stop(old, false);
    },
    stopAccepting() {
      stopping.abort();
      for (const server of living) stop(server, false);
    },
    async close() {
      stopping.abort();
      await Promise.all([...living].map((server) => server.stop(true)));
    },
  };
}
