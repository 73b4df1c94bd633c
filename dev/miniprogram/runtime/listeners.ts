import type { Problems } from "./report.ts";

/** Who is still listening. A page that is gone must not be among them. */
export interface ListenerCount {
  /** Counts a listener from now on; the returned function ends it. */
  add(what: string): () => void;
  /** Calls `run` on behalf of a page: what it adds at once belongs to that page. */
  runAs<T>(owner: object, run: () => T): T;
  /** Says whose page is on top: what is added outside of `runAs`, by code of a page, belongs to it. */
  setTop(owner: object | undefined): void;
  /** Reports what the page has left behind. */
  check(owner: object, name: string): void;
}

interface Entry {
  readonly what: string;
  readonly owner: object | undefined;
}

/** Code of a page is known by its place in the stack: app-wide code may add listeners whenever it likes. */
const PAGE_CODE = /\/module\/(pages|components|behaviors)\//;

export function openListenerCount(problems: Problems): ListenerCount {
  const entries = new Set<Entry>();
  let running: object | undefined;
  let top: object | undefined;
  return {
    add(what) {
      const fromPage = PAGE_CODE.test(new Error("where").stack ?? "");
      const entry = { what, owner: fromPage ? (running ?? top) : undefined };
      entries.add(entry);
      return () => entries.delete(entry);
    },
    runAs(owner, run) {
      const before = running;
      running = owner;
      try {
        return run();
      } finally {
        running = before;
      }
    },
    setTop(owner) {
      top = owner;
    },
    check(owner, name) {
      for (const entry of entries) {
        if (entry.owner !== owner) continue;
        entries.delete(entry);
        problems.report("listener", `${name} is gone and has left a listener behind: ${entry.what}`);
      }
    },
  };
}

const WATCHING = /^(watch|listen|on[A-Z]\w*)$/;

/**
 * Counts the watchers of what pages share (`getApp().claw`): every method `watch`, `listen` or `on…` that returns the
 * function which ends it, in the object and the objects in it.
 */
export function countWatchers(shared: unknown, name: string, listeners: ListenerCount, depth = 0): void {
  if (typeof shared !== "object" || shared === null || depth > 2) return;
  const object = shared as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (typeof value === "object") countWatchers(value, `${name}.${key}`, listeners, depth + 1);
    if (typeof value !== "function" || !WATCHING.test(key)) continue;
    object[key] = (...args: unknown[]) => {
      const forget = listeners.add(`${name}.${key}`);
      const leave: unknown = value.apply(object, args);
      if (typeof leave !== "function") return leave;
      return () => {
        forget();
        leave();
      };
    };
  }
}
