import type { User } from "../../../src/contract/user";
import type { SignIn } from "../../../src/contract/user-api";
import { type Cell, openCell } from "../cell";
import { errorText, NO_ANSWER_TEXT } from "../error-text";
import type { Storage } from "../storage";

const KEY = "session-token";

export interface Session {
  /** The token, after signing in where there is none. One sign-in at a time, whoever asks. @throws what signing in throws */
  token(): Promise<string>;
  /** The gateway takes this one no longer. Another, newer one stays. */
  forget(token: string): void;
  /** Why signing in does not work, for people; undefined also when it is only the network. */
  readonly trouble: Cell<string | undefined>;
}

/** @param onSignIn told who has signed in */
export function openSession(parts: {
  storage: Storage;
  signIn: () => Promise<SignIn>;
  onSignIn: (user: User) => void;
}): Session {
  const { storage, signIn, onSignIn } = parts;
  const trouble = openCell<string | undefined>(undefined);
  const kept = storage.read(KEY);
  let token = typeof kept === "string" ? kept : undefined;
  let signingIn: Promise<string> | undefined;

  async function begin(): Promise<string> {
    try {
      const signedIn = await signIn();
      token = signedIn.token;
      storage.write(KEY, token);
      trouble.set(undefined);
      onSignIn(signedIn.user);
      return token;
    } catch (error) {
      const text = errorText(error);
      trouble.set(text === NO_ANSWER_TEXT ? undefined : text);
      throw error;
    } finally {
      signingIn = undefined;
    }
  }

  return {
    trouble,
    async token() {
      return token ?? (await (signingIn ??= begin()));
    },
    forget(refused) {
      if (token !== refused) return;
      token = undefined;
      storage.write(KEY, undefined);
    },
  };
}
