import type { UserContext } from "../contract/user-api.ts";
import { userRouter } from "../contract/user-api.ts";
import type { Logger } from "../log.ts";
// The package's CommonJS entry, which `bun run` would take, loads a second @trpc/server whose `tracked` is another one.
import { createBunHttpHandler } from "trpc-bun-adapter/dist/index.mjs";
import { patiently } from "./redis/patiently.ts";
import { type Caller, type TrpcSockets, trpcSockets } from "./trpc-sockets.ts";
import type { Sessions, SocketSession } from "./users/sessions.ts";

/** A page asks for a few things at once. */
const MAX_BATCH = 64;

export type UserPorts = Omit<UserContext, "caller">;

const NOBODY: SocketSession = { caller: null };

interface Options {
  ports: UserPorts;
  sessions: Sessions;
  log: Logger;
}

/** Our own bugs are logged; a refusal is the caller's business. */
function onError({ log }: Options) {
  return ({ error, path }: { error: Error & { code?: string }; path?: string | undefined }) => {
    if (error.code === "INTERNAL_SERVER_ERROR") log.error("处理用户请求时出错", { path, error });
  };
}

/**
 * `/trpc` for users over WebSocket: `connectionParams: { token }`. Without a good token only signing in is possible:
 * each call is refused, which its caller hears; tRPC's client keeps a refused connection to itself, and tries for ever.
 */
export function userSockets(options: Options): TrpcSockets {
  const { ports, sessions } = options;
  return trpcSockets({
    router: userRouter,
    maxBatch: MAX_BATCH,
    async createContext({ token }, socket): Promise<UserContext> {
      const session = token ? await joined(sessions, token, socket) : NOBODY;
      return {
        ...ports,
        get caller() {
          return session.caller;
        },
      };
    },
    onError: onError(options),
  });
}

/** The session of a socket, which ends with it; nobody's for one that has closed meanwhile. */
async function joined(sessions: Sessions, token: string, socket: Caller): Promise<SocketSession> {
  const closed = new AbortController();
  socket.onClose = () => closed.abort();
  try {
    return await patiently(closed.signal, () => sessions.join(token, socket));
  } catch (error) {
    if (closed.signal.aborted) return NOBODY;
    throw error;
  } finally {
    socket.onClose = () => sessions.leave(socket);
    // It may have closed while Redis was asked; then nobody will say so any more.
    if (!socket.isOpen()) sessions.leave(socket);
  }
}

/** `/trpc/*` for users over HTTP: `Authorization: Bearer <token>`. */
export function userHttp(options: Options): (request: Request) => Promise<Response> {
  const { ports, sessions } = options;
  const handle = createBunHttpHandler({
    router: userRouter,
    endpoint: "/trpc",
    async createContext({ req }: { req: Request }): Promise<UserContext> {
      const token = /^Bearer (.+)$/.exec(req.headers.get("authorization") ?? "")?.[1];
      return { ...ports, caller: token ? await sessions.verify(token) : null };
    },
    onError: onError(options),
  });
  return async (request) => (await handle(request, undefined)) ?? new Response(null, { status: 404 });
}
