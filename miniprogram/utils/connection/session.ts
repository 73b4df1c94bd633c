import type { User } from "../../../src/contract/user";
import type { SignIn } from "../../../src/contract/user-api";
import { type Cell, openCell } from "../cell";
import { errorText, NO_ANSWER_TEXT } from "../error-text";
import type { Storage } from "../storage";

const TOKEN_KEY = "session-token";
const REMOVED_KEY = "device-removed";
export const REMOVED_TEXT = "这台设备已被移除，现在没有登录";

export interface Session {
  /**
   * The token, after signing in where there is none. One sign-in at a time, whoever asks. On a removed device it comes only
   * after `signInAgain`. @throws what signing in throws
   */
  token(): Promise<string>;
  /** The gateway takes this one no longer. Another, newer one stays. */
  forget(token: string): void;
  /** The same, because this device was removed on another one: nobody is signed in before somebody here asks for it. */
  end(token: string): void;
  /** Whether that is so; also after the app was closed. */
  readonly removed: Cell<boolean>;
  /** Somebody here wants to be signed in. */
  signInAgain(): void;
  /** Why nobody is signed in, for people; undefined also when it is only the network. */
  readonly trouble: Cell<string | undefined>;
}

/** @param onSignIn told who has signed in */
export function openSession(parts: {
  storage: Storage;
  signIn: () => Promise<SignIn>;
  onSignIn: (user: User) => void;
}): Session {
  const { storage, signIn, onSignIn } = parts;
  const kept = storage.read(TOKEN_KEY);
  const removed = openCell(storage.read(REMOVED_KEY) === true);
  const trouble = openCell(removed.value ? REMOVED_TEXT : undefined);
  let token = typeof kept === "string" ? kept : undefined;
  let signingIn: Promise<string> | undefined;
  const waiting: (() => void)[] = [];

  async function begin(): Promise<string> {
    try {
      const signedIn = await signIn();
      token = signedIn.token;
      storage.write(TOKEN_KEY, token);
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
  function setRemoved(isRemoved: boolean): void {
    storage.write(REMOVED_KEY, isRemoved || undefined);
    trouble.set(isRemoved ? REMOVED_TEXT : undefined);
    removed.set(isRemoved);
  }
  function forget(refused: string): boolean {
    if (token !== refused) return false;
    token = undefined;
    storage.write(TOKEN_KEY, undefined);
    return true;
  }

  return {
    removed,
    trouble,
    async token() {
      while (removed.value) await new Promise<void>((resolve) => waiting.push(resolve));
      return token ?? (await (signingIn ??= begin()));
    },
    forget,
    end(refused) {
      if (forget(refused)) setRemoved(true);
    },
    signInAgain() {
      if (!removed.value) return;
      setRemoved(false);
      for (const goOn of waiting.splice(0)) goOn();
    },
  };
}
