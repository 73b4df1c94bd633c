import { retryLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import type { UserRouter } from "../../../src/contract/user-api";
import { isUnanswered, NoAnswerError, refusalReason } from "../error-text";
import { type Connection, REFUSED_SOCKET_MS } from "./connection";
import { REMOVED_TEXT } from "./session";

/** After the socket that was refused is gone, so that the same one is not asked again. */
const REPEAT_AFTER_MS = REFUSED_SOCKET_MS + 50;
/** Within a call's time there are hardly more breaks. */
const MAX_TRIES = 5;

/**
 * Goes on after what is nobody's fault. Who is not signed in (any more) is signed in again, and asks once more;
 * a subscription goes on after its last event, on a removed device when somebody has signed in again. A query whose
 * socket broke is asked again; a mutation is not, because nobody knows what became of it.
 */
export function goOnLink(connection: Pick<Connection, "refused" | "removed">): TRPCLink<UserRouter> {
  return retryLink<UserRouter>({
    retry({ op, error, attempts }) {
      const reason = refusalReason(error);
      if (reason === "not-signed-in") {
        connection.refused();
        // A query may have been asked again before, for a socket that broke.
        return op.type === "subscription" || attempts < (op.type === "query" ? MAX_TRIES : 2);
      }
      if (reason === "device-removed") {
        connection.removed();
        return op.type === "subscription";
      }
      return op.type === "query" && isUnanswered(error) && attempts < MAX_TRIES;
    },
    retryDelayMs: () => REPEAT_AFTER_MS,
  });
}

/** On a removed device a call fails at once: there is no connection that it could wait for. A subscription waits. */
export function removedLink(isRemoved: () => boolean): TRPCLink<UserRouter> {
  return () =>
    ({ op, next }) => {
      const answers = next(op);
      if (op.type === "subscription") return answers;
      return {
        ...answers,
        subscribe(observer) {
          if (!isRemoved()) return answers.subscribe(observer);
          observer.error?.(TRPCClientError.from(new NoAnswerError(REMOVED_TEXT)));
          return { unsubscribe() {} };
        },
      };
    };
}

/**
 * A call that has no answer after `timeoutMs` fails, also one that still waits for a connection.
 *
 * @param reason why there is none, for people, if it is more than the network
 */
export function timeLimitLink(timeoutMs: number, reason: () => string | undefined): TRPCLink<UserRouter> {
  return () =>
    ({ op, next }) => {
      const answers = next(op);
      if (op.type === "subscription") return answers;
      return {
        ...answers,
        subscribe(observer) {
          const timer = setTimeout(() => {
            asked.unsubscribe();
            observer.error?.(TRPCClientError.from(new NoAnswerError(reason())));
          }, timeoutMs);
          const asked = answers.subscribe({
            ...observer,
            complete() {
              clearTimeout(timer);
              observer.complete?.();
            },
            error(error) {
              clearTimeout(timer);
              observer.error?.(error);
            },
          });
          return {
            unsubscribe() {
              clearTimeout(timer);
              asked.unsubscribe();
            },
          };
        },
      };
    };
}
