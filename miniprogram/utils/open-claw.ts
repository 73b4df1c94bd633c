import { openAccount } from "./account/account";
import type { Claw } from "./claw";
import { openApi } from "./connection/api";
import { openConnection } from "./connection/connection";
import { openFeed } from "./connection/feed";
import { openSession } from "./connection/session";
import { signIn } from "./connection/sign-in";
import { openOutbox } from "./outbox/open-outbox";
import type { Theme } from "./screen/theme";
import { openStorage } from "./storage";
import type { WxPort } from "./wx-port";

/** Puts the core together. `close` is for those who open more than one. */
export function openClaw(parts: { wx: WxPort; url: string; theme: Theme }): Claw & { close(): void } {
  const { wx, url, theme } = parts;
  const storage = openStorage(wx);
  const session = openSession({
    storage,
    signIn: () => signIn(wx, url),
    onSignIn: (user) => account.setUser(user),
  });
  const connection = openConnection({ wx, url, session });
  const api = openApi(connection, session);
  const account = openAccount(api, storage);
  const outbox = openOutbox({ api, connection: connection.state, storage });
  const feed = openFeed(api, () => {
    connection.accepted();
    account.refreshUser();
    account.refreshAgents();
  });

  feed.listen((event) => {
    if (event.t === "user") account.refreshUser();
    if (event.t === "agent") account.setAgent(event.agent);
  });
  let userId = account.user.value?.id;
  // What is kept of somebody is not shown on a device that they have removed.
  const unwatchRemoved = session.removed.watch((isRemoved) => {
    if (isRemoved) account.forgetUser();
  });
  const unwatchUser = account.user.watch((user) => {
    if (user === undefined || user.id === userId) return;
    // Two accounts have become one, or somebody else has signed in: what is shown is another's.
    if (userId !== undefined) feed.restart();
    userId = user.id;
  });

  return {
    api,
    connection: connection.state,
    trouble: session.trouble,
    removed: session.removed,
    user: account.user,
    agents: account.agents,
    listen: feed.listen,
    onGap: feed.onGap,
    outbox,
    theme,
    setUser: account.setUser,
    reconnect: connection.reconnect,
    signInAgain() {
      session.signInAgain();
      connection.reconnect();
    },
    close() {
      unwatchUser();
      unwatchRemoved();
      feed.close();
      outbox.close();
      account.close();
      connection.close();
    },
  };
}
