import type { CompiledPackage } from "../compile/package.ts";
import { type Frame, openFrame } from "./frame.ts";
import type { Framework } from "./framework.ts";
import type { BrowserHistory } from "./history.ts";
import type { ListenerCount } from "./listeners.ts";
import { joined } from "./modules.ts";
import type { Problems } from "./report.ts";
import type { Screen } from "./shell/screen.ts";
import type { Statistics } from "./report.ts";

/** WeChat keeps ten pages at most. */
const MAX_PAGES = 10;

/** The stack of pages. Each method fails, as wx does, with an Error whose message is the reason. */
export interface Router {
  readonly stack: readonly Frame[];
  readonly top: Frame | undefined;
  launch(url: string): void;
  navigateTo(url: string): void;
  redirectTo(url: string): void;
  reLaunch(url: string): void;
  switchTab(url: string): void;
  navigateBack(delta: number): void;
  /** The app has gone to the background, or is back. */
  setAwake(awake: boolean): void;
  /** Tells of each change of what is on top. */
  onShown(listener: () => void): void;
}

export interface RouterNeeds {
  readonly compiled: CompiledPackage;
  readonly framework: Framework;
  readonly problems: Problems;
  readonly statistics: Statistics;
  readonly listeners: ListenerCount;
  readonly screen: Screen;
  readonly history: BrowserHistory;
  readonly tabPages: readonly string[];
  /** Loads the code of a page and its components. */
  load(path: string): void;
}

export function openRouter(needs: RouterNeeds): Router {
  const { compiled, statistics, listeners, screen, history, tabPages, problems } = needs;
  /** Pages of tabs stay when others are shown. */
  const tabFrames = new Map<string, Frame>();
  const shownListeners = new Set<() => void>();
  let stack: Frame[] = [];
  const top = () => stack.at(-1);
  const isTab = (path: string) => tabPages.includes(path);

  function open(path: string, query: Readonly<Record<string, string>>): Frame {
    const before = { calls: statistics.setData.calls, at: performance.now() };
    needs.load(path);
    const frame = openFrame(path, query, { ...needs, frames: screen.frames });
    listeners.runAs(frame, () => {
      frame.root.attach(frame.scroller);
      frame.call("onLoad", query);
    });
    // After onShow, which the caller does at once, and before anything can arrive.
    queueMicrotask(() => {
      statistics.pages.push({
        path,
        firstRenderCalls: statistics.setData.calls - before.calls,
        firstRenderMs: Math.round(performance.now() - before.at),
      });
    });
    return frame;
  }

  function show(frame: Frame): void {
    for (const { element } of [...stack, ...tabFrames.values()])
      element.classList.toggle("mp-top", element === frame.element);
    frame.element.classList.toggle("mp-tabbed", isTab(frame.path));
    listeners.setTop(frame);
    for (const listener of shownListeners) listener();
    appear(frame);
    if (frame.isReady) return;
    frame.isReady = true;
    requestAnimationFrame(() => listeners.runAs(frame, () => frame.call("onReady")));
  }

  function appear(frame: Frame): void {
    listeners.runAs(frame, () => {
      frame.call("onShow");
      frame.root.triggerPageLifetime("show");
    });
  }

  function hide(frame: Frame | undefined): void {
    if (!frame) return;
    frame.call("onHide");
    frame.root.triggerPageLifetime("hide");
  }

  function close(frame: Frame): void {
    frame.call("onUnload");
    frame.root.release();
    frame.element.remove();
    listeners.check(frame, frame.path);
  }

  function find(url: string): { path: string; query: Record<string, string> } {
    const [place = "", search = ""] = url.split("?");
    const path = place.startsWith("/") ? place.slice(1) : joined(top()?.path ?? "", place);
    if (!compiled.app.pages.includes(path)) throw new Error(`page "${path}" is not found`);
    return { path, query: queryOf(search) };
  }

  function leaveTabs(): void {
    const others = [...tabFrames.values()].filter((frame) => !stack.includes(frame));
    for (const frame of [...stack.splice(0).toReversed(), ...others]) close(frame);
    tabFrames.clear();
  }

  function begin(url: string): void {
    const { path, query } = find(url);
    const frame = open(path, query);
    if (isTab(path)) tabFrames.set(path, frame);
    stack = [frame];
    show(frame);
  }

  const router: Router = {
    get stack() {
      return stack;
    },
    get top() {
      return top();
    },
    launch(url) {
      begin(url);
      history.replace(url, 1);
    },
    navigateTo(url) {
      const { path, query } = find(url);
      if (isTab(path)) throw new Error("can not navigateTo a tabbar page");
      if (stack.length >= MAX_PAGES) throw new Error("webview count limit exceed");
      hide(top());
      const frame = open(path, query);
      stack.push(frame);
      history.push(urlOf(frame), stack.length);
      show(frame);
    },
    redirectTo(url) {
      const { path, query } = find(url);
      if (isTab(path)) throw new Error("can not redirectTo a tabbar page");
      const old = stack.pop();
      if (old) close(old);
      if (old) tabFrames.delete(old.path);
      const frame = open(path, query);
      stack.push(frame);
      history.replace(urlOf(frame), stack.length);
      show(frame);
    },
    reLaunch(url) {
      find(url);
      history.back(stack.length - 1);
      leaveTabs();
      begin(url);
      history.replace(url, 1);
    },
    switchTab(url) {
      const { path } = find(url);
      if (!isTab(path)) throw new Error("can not switch to no-tabBar page");
      if (top()?.path === path) return;
      history.back(stack.length - 1);
      const [bottom] = stack;
      while (stack.length > 1) close(stack.pop() ?? problemFrame());
      if (bottom && isTab(bottom.path)) hide(bottom);
      else if (bottom) close(bottom);
      const frame = tabFrames.get(path) ?? open(path, {});
      tabFrames.set(path, frame);
      stack = [frame];
      history.replace(`/${path}`, 1);
      show(frame);
    },
    navigateBack(delta) {
      if (stack.length < 2) throw new Error("cannot navigate back at first page");
      const count = Math.min(delta, stack.length - 1);
      history.back(count);
      back(count);
    },
    setAwake(awake) {
      const frame = top();
      if (!frame) return;
      if (awake) appear(frame);
      else hide(frame);
    },
    onShown: (listener) => {
      shownListeners.add(listener);
    },
  };

  function back(count: number): void {
    for (let left = count; left > 0; left -= 1) close(stack.pop() ?? problemFrame());
    const frame = top();
    if (frame) show(frame);
  }

  // The browser's own buttons: back closes pages, forward opens one again.
  history.onMoved((depth, url) => {
    if (depth < stack.length) back(stack.length - depth);
    else if (depth > stack.length) {
      try {
        const { path, query } = find(url);
        hide(top());
        stack.push(open(path, query));
        const frame = top();
        if (frame) show(frame);
      } catch (error) {
        problems.report("error", String(error));
      }
    }
  });
  return router;
}

function problemFrame(): never {
  throw new Error("the stack of pages is empty");
}

export function urlOf({ path, query }: Frame): string {
  const search = Object.entries(query).map(([name, value]) => `${name}=${value}`);
  return `/${path}${search.length > 0 ? `?${search.join("&")}` : ""}`;
}

/** As WeChat reads it: values stay encoded. */
function queryOf(search: string): Record<string, string> {
  const pairs = search.split("&").filter(Boolean);
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return at < 0 ? [pair, ""] : [pair.slice(0, at), pair.slice(at + 1)];
    }),
  ) as Record<string, string>;
}
