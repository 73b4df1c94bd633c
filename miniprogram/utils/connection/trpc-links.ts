import { retryLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import type { UserRouter } from "../../../src/contract/user-api";
import { isUnanswered, NoAnswerError, refusalReason } from "../error-text";
import { type Connection, REFUSED_SOCKET_MS } from "./connection";

/** After the socket that was refused is gone, so that the same one is not asked again. */
const REPEAT_AFTER_MS = REFUSED_SOCKET_MS + 50;
/** Within a call's time there are hardly more breaks. */
const MAX_TRIES = 5;

/**
 * Goes on after what is nobody's fault. Who is not signed in (any more) is signed in again, and asks once more;
 * a subscription goes on after its last event. A query whose socket broke is asked again; a mutation is not, because
 * nobody knows what became of it.
 */
export function goOnLink(connection: Pick<Connection, "refused">): TRPCLink<UserRouter> {
  return retryLink<UserRouter>({
    retry({ op, error, attempts }) {
      if (refusalReason(error) === "not-signed-in") {
        connection.refused();
        return op.type === "subscription" || attempts === 1;
      }
      return op.type === "query" && isUnanswered(error) && attempts < MAX_TRIES;
    },
    retryDelayMs: () => REPEAT_AFTER_MS,
  });
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
