import type { CompiledPackage, WindowConfig } from "../compile/package.ts";
import type { Caller, Framework, PageRoot } from "./framework.ts";
import type { Problems } from "./report.ts";
import { textOf } from "./problems.ts";
import { followPull, type Pull } from "./shell/pull.ts";
import { part } from "./shell/screen.ts";

const PULL_THRESHOLD = 45;
const REACH_BOTTOM_DISTANCE = 50;

/** A page on the stack. */
export interface Frame {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly window: WindowConfig;
  /** What the mini-program sees as the page. */
  readonly page: Caller;
  readonly root: PageRoot;
  readonly element: HTMLElement;
  readonly scroller: HTMLElement;
  readonly pull: Pull;
  /** What wx.setNavigationBar… has changed. */
  title: string | undefined;
  barColors: { frontColor: string; backgroundColor: string } | undefined;
  backgroundColor: string | undefined;
  isReady: boolean;
  /** Calls a method of the page, if it has it. */
  call(name: string, ...args: unknown[]): unknown;
  startPull(): void;
}

/** Makes a page and puts it on the screen; onLoad is the router's to call. */
export function openFrame(
  path: string,
  query: Readonly<Record<string, string>>,
  surroundings: { compiled: CompiledPackage; framework: Framework; problems: Problems; frames: HTMLElement },
): Frame {
  const { compiled, framework, problems, frames } = surroundings;
  const window = { ...compiled.app.window, ...compiled.components[path] };
  const element = part("section", "mp-frame");
  const scroller = part("div", "mp-scroller");
  element.append(scroller);
  frames.append(element);
  const root = framework.createPage(path);
  const page = root.caller;
  const call = (name: string, ...args: unknown[]): unknown => {
    const method = page[name];
    if (typeof method !== "function") return undefined;
    try {
      return method.apply(page, args) as unknown;
    } catch (error) {
      problems.report("error", `${path} ${name}: ${textOf(error)}`);
      return undefined;
    }
  };
  const startPull = () => {
    pull.show(true);
    call("onPullDownRefresh");
  };
  const pull = followPull(scroller, {
    enabled: () => window.enablePullDownRefresh === true,
    threshold: () => PULL_THRESHOLD,
    onRefresh: startPull,
  });
  scroller.classList.toggle("mp-fixed", window.disableScroll === true);
  listenToScrolling(scroller, window, call);
  Object.assign(page, { route: path, options: query });
  return {
    path,
    query,
    window,
    page,
    root,
    element,
    scroller,
    pull,
    title: undefined,
    barColors: undefined,
    backgroundColor: undefined,
    isReady: false,
    call,
    startPull,
  };
}

function listenToScrolling(
  scroller: HTMLElement,
  window: WindowConfig,
  call: (name: string, ...args: unknown[]) => unknown,
): void {
  const distance = window.onReachBottomDistance ?? REACH_BOTTOM_DISTANCE;
  let nearBottom = false;
  scroller.addEventListener("scroll", () => {
    call("onPageScroll", { scrollTop: scroller.scrollTop });
    const near = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= distance;
    if (near && !nearBottom) call("onReachBottom");
    nearBottom = near;
  });
}
