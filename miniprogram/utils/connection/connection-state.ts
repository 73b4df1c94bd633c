import { type Cell, openCell } from "../cell";

/** `offline` only after a moment: a change of networks is over before anybody would notice. */
export type ConnectionState = "connecting" | "online" | "offline";

/** A break shorter than this nobody needs to see. */
const GRACE_MS = 1_500;
/** The first time there may be a sign-in to do, too. */
const FIRST_GRACE_MS = 4_000;

/** `connecting` for a moment, then `offline`, until it is `online`. */
export interface ConnectionStateKeeper {
  readonly state: Cell<ConnectionState>;
  online(): void;
  lost(): void;
  /** Somebody or something gives it a new chance: `connecting` again, unless it is online. */
  trying(): void;
  stop(): void;
}

export function keepConnectionState(): ConnectionStateKeeper {
  const state = openCell<ConnectionState>("connecting");
  let timer = offlineAfter(FIRST_GRACE_MS);

  function offlineAfter(ms: number) {
    return setTimeout(() => state.set("offline"), ms);
  }
  function connecting(): void {
    clearTimeout(timer);
    timer = offlineAfter(GRACE_MS);
    state.set("connecting");
  }

  return {
    state,
    online() {
      clearTimeout(timer);
      state.set("online");
    },
    lost() {
      if (state.value === "online") connecting();
    },
    trying() {
      if (state.value === "offline") connecting();
    },
    stop: () => clearTimeout(timer),
  };
}
