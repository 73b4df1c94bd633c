import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase, setting, syncToDisk } from "./database.ts";
import { openConversationStore } from "./conversation-store.ts";
import { openJobStore } from "./job-store.ts";
import { migrations } from "./migrations.ts";

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});
function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "claw-数据 "));
  dirs.push(dir);
  return dir;
}
const versionOf = (db: Database) =>
  db.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version;

test("from nothing to the newest version, in a folder that is made for it; opened again it stays as it is", () => {
  const dir = join(newDir(), "data", "agent");
  const first = openDatabase(dir);
  expect(versionOf(first)).toBe(migrations.length);
  const instance = setting(first, "instance", () => "first");
  first.close();
  const second = openDatabase(dir);
  expect(setting(second, "instance", () => "second")).toBe(instance);
  second.close();
});

test("a database of a newer program is not touched", () => {
  const dir = newDir();
  const db = openDatabase(dir);
  db.run(`PRAGMA user_version = ${migrations.length + 1}`);
  db.close();
  expect(() => openDatabase(dir)).toThrow("更新的版本");
  const untouched = new Database(join(dir, "agent.sqlite"));
  expect(versionOf(untouched)).toBe(migrations.length + 1);
  untouched.close();
});

test("what must survive a power cut is synced, all else is not, also after a failure", () => {
  const db = openDatabase(newDir());
  const level = () => db.query<{ synchronous: number }, []>("PRAGMA synchronous").get()?.synchronous;
  const [NORMAL, FULL] = [1, 2];
  let during: number | undefined;
  syncToDisk(db, () => (during = level()));
  expect([during, level()]).toEqual([FULL, NORMAL]);
  expect(() =>
    syncToDisk(db, () => {
      throw new Error("disk full");
    }),
  ).toThrow("disk full");
  expect(level()).toBe(NORMAL);
  db.close();
});

test("what an older program has taken is there after the migration: its jobs are turns, its conversations chats", () => {
  const dir = newDir();
  const old = new Database(join(dir, "agent.sqlite"), { create: true });
  old.run(migrations[0] ?? "");
  old.run("PRAGMA user_version = 1");
  const body = { id: "a1.j1", userId: "u1", conversationId: "a1.c1", text: "问", createdAt: 1 };
  old.run("INSERT INTO job (id, body, conversation_id) VALUES ('a1.j1', ?, 'a1.c1')", [JSON.stringify(body)]);
  old.run("INSERT INTO conversation VALUES ('a1.c1', 'u1', '问', 1)");
  old.close();
  const db = openDatabase(dir);
  const [one] = openJobStore(db).unsettled();
  expect(one).toMatchObject({ job: { ...body, kind: "turn" }, begun: 0 });
  const conversations = openConversationStore(db);
  expect(conversations.list("u1")).toHaveLength(1);
  expect(one && conversations.admits(one.job)).toBe(true);
  db.close();
});

test("what a program from before thoughts and failures were kept has answered is still there", () => {
  const dir = newDir();
  const old = new Database(join(dir, "agent.sqlite"), { create: true });
  for (const migration of migrations.slice(0, 2)) old.run(migration);
  old.run("PRAGMA user_version = 2");
  old.run("INSERT INTO conversation (id, user_id, title, updated_at) VALUES ('a1.c1', 'u1', '问', 1)");
  const message = "INSERT INTO message (conversation_id, job_id, role, text, status, at)";
  old.run(`${message} VALUES ('a1.c1', 'a1.j1', 'user', '问', 'done', 1)`);
  old.run(`${message} VALUES ('a1.c1', 'a1.j1', 'assistant', '半', 'failed', 2)`);
  old.close();
  const db = openDatabase(dir);
  const { messages } = openConversationStore(db).history("u1", { conversationId: "a1.c1", limit: 9 });
  const common = { jobId: "a1.j1" };
  expect(messages).toEqual([
    { ...common, id: "1", role: "user", text: "问", status: "done", at: 1 },
    { ...common, id: "2", role: "assistant", text: "半", status: "failed", at: 2 },
  ]);
  db.close();
});
