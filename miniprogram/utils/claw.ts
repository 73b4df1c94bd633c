import type { TRPCClient } from "@trpc/client";
import type { FeedEvent } from "../../src/contract/feed";
import type { AgentPresence } from "../../src/contract/presence";
import type { User } from "../../src/contract/user";
import type { UserRouter } from "../../src/contract/user-api";
import type { Cell } from "./cell";
import type { ConnectionState } from "./connection/connection-state";
import type { Outbox } from "./outbox/outbox";
import type { Theme } from "./screen/theme";

/** What all pages share: `getApp().claw`. Made once, when the app is launched; no page holds a socket. */
export interface Claw {
  /**
   * Every call and subscription on the one socket. Signs in by itself, and again when the gateway has forgotten us, but not
   * while `removed`.
   */
  readonly api: TRPCClient<UserRouter>;
  readonly connection: Cell<ConnectionState>;
  /** Why there is no connection, for people, where it is more than the network: nobody is signed in. */
  readonly trouble: Cell<string | undefined>;
  /** Whether this device was removed on another one: then nobody is signed in until `signInAgain`, also after a restart. */
  readonly removed: Cell<boolean>;
  /** Who is signed in; from the last time until the gateway has answered. */
  readonly user: Cell<User | undefined>;
  /** Known from the last time until the gateway has answered. */
  readonly agents: Cell<readonly AgentPresence[]>;
  /** What happens on any device of the user, each event once, without gaps. Returns a function that ends it. */
  listen(listener: (event: FeedEvent) => void): () => void;
  /** Calls the listener when events may be missing all the same: load anew what you show. Rare. */
  onGap(listener: () => void): () => void;
  /** Messages that the gateway has not taken yet. They outlive the app. */
  readonly outbox: Outbox;
  readonly theme: Theme;
  /** Takes what a call has answered of the user (setAgent, setProfile, bind): all pages see it at once. */
  setUser(user: User): void;
  /** Connects now instead of at the end of the back-off: the person has pressed “retry”. */
  reconnect(): void;
  /** Ends being `removed`: the person has pressed “sign in again”. */
  signInAgain(): void;
}
