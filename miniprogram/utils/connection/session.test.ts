import { expect, test } from "bun:test";
import type { User } from "../../../src/contract/user";
import { NoAnswerError } from "../error-text";
import type { Storage } from "../storage";
import { openSession, REMOVED_TEXT } from "./session";

const USER: User = { id: "u1", createdAt: 1 };

function keep(entries: Record<string, unknown> = {}): Storage & { entries: Record<string, unknown> } {
  return {
    entries,
    read: (key) => entries[key],
    write(key, value) {
      entries[key] = value;
    },
  };
}

/** Signs in with the given outcomes, in turn. */
function open(storage: Storage, outcomes: (string | Error)[]) {
  const users: User[] = [];
  let asked = 0;
  const session = openSession({
    storage,
    async signIn() {
      const outcome = outcomes[asked++];
      if (typeof outcome !== "string") throw outcome ?? new Error("asked too often");
      return { token: outcome, user: USER };
    },
    onSignIn: (user) => users.push(user),
  });
  return { session, users, asked: () => asked };
}

test("everybody who asks at the same time waits for one sign-in, and a later start needs none", async () => {
  const storage = keep();
  const { session, users, asked } = open(storage, ["t1"]);
  expect(await Promise.all([session.token(), session.token(), session.token()])).toEqual(["t1", "t1", "t1"]);
  expect(await session.token()).toBe("t1");
  expect([asked(), users]).toEqual([1, [USER]]);
  const later = open(storage, []);
  expect(await later.session.token()).toBe("t1");
});

test("a token that is forgotten is not used again; a newer one stays", async () => {
  const storage = keep({ "session-token": "t1" });
  const { session, asked } = open(storage, ["t2"]);
  session.forget("t1");
  expect(storage.entries["session-token"]).toBeUndefined();
  expect(await session.token()).toBe("t2");
  session.forget("t1");
  expect(await session.token()).toBe("t2");
  expect(asked()).toBe(1);
});

test("a removed device signs in only when somebody there asks for it, also after a restart", async () => {
  const storage = keep({ "session-token": "t1" });
  const { session, asked } = open(storage, []);
  session.end("an older one");
  expect([session.removed.value, await session.token()]).toEqual([false, "t1"]);
  session.end("t1");
  expect([session.removed.value, session.trouble.value]).toEqual([true, REMOVED_TEXT]);
  const unheard: string[] = [];
  session.token().then(
    (token) => unheard.push(token),
    () => unheard.push("failed"),
  );

  const later = open(storage, [new Error("微信登录没有成功"), "t2"]);
  expect([later.session.removed.value, later.session.trouble.value]).toEqual([true, REMOVED_TEXT]);
  const waiting = Promise.all([later.session.token(), later.session.token()]).catch(String);
  await Promise.resolve();
  expect([asked(), later.asked(), unheard]).toEqual([0, 0, []]);

  later.session.signInAgain();
  expect([later.session.removed.value, later.session.trouble.value]).toEqual([false, undefined]);
  expect(await waiting).toContain("微信登录没有成功");
  expect(later.session.removed.value).toBe(false);
  expect(await later.session.token()).toBe("t2");
  expect(open(storage, []).session.removed.value).toBe(false);
});

test("why signing in does not work is told, but not that there is no network; and the next one tries again", async () => {
  const { session } = open(keep(), [new NoAnswerError(), new Error("微信登录没有成功"), "t1"]);
  const attempt = () => session.token().catch((error: unknown) => error);
  await attempt();
  expect(session.trouble.value).toBeUndefined();
  await attempt();
  expect(session.trouble.value).toBe("微信登录没有成功");
  expect(await attempt()).toBe("t1");
  expect(session.trouble.value).toBeUndefined();
});
