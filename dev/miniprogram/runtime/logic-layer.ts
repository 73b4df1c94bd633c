import type { CompiledPackage } from "../compile/package.ts";
import type { Framework } from "./framework.ts";
import { countWatchers, type ListenerCount } from "./listeners.ts";
import { type ModuleFactory, openModules } from "./modules.ts";
import { textOf } from "./problems.ts";
import type { Problems } from "./report.ts";
import type { Router } from "./router.ts";

type App = Record<string, unknown>;

/** The mini-program's code and what WeChat gives it: App, Page, Component, getApp… */
export interface LogicLayer {
  readonly app: App | undefined;
  /** Runs app.js. */
  start(): void;
  /** Runs the code of a page and of the components in it, once. */
  load(path: string): void;
  callApp(name: string, value: unknown): void;
}

export function openLogicLayer(options: {
  compiled: CompiledPackage;
  framework: Framework;
  modules: ReadonlyMap<string, ModuleFactory>;
  wx: unknown;
  problems: Problems;
  listeners: ListenerCount;
  router: Router;
}): LogicLayer {
  const { compiled, framework, modules, wx, problems, listeners, router } = options;
  const { Page, Component, Behavior } = framework.definers;
  let app: App | undefined;
  const App = (definition: App) => {
    app = definition;
    countWatchers(app["claw"], "claw", listeners);
  };
  const getApp = () => app;
  const getCurrentPages = () => router.stack.map(({ page }) => page);
  // In the order of GIVEN_NAMES (compile/modules.ts).
  const given = [wx, App, Page, Component, Behavior, getApp, getCurrentPages, languageGlobals()];
  const loader = openModules(modules, given);
  const loaded = new Set<string>();

  function load(path: string): void {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const used of Object.values(compiled.components[path]?.usingComponents ?? {})) load(used.slice(1));
    attempt(path, () => framework.define(path, () => loader.load(path)));
  }
  function attempt(where: string, run: () => unknown): void {
    try {
      run();
    } catch (error) {
      problems.report("error", `${where}: ${textOf(error)}`);
    }
  }
  return {
    get app() {
      return app;
    },
    start() {
      if (loader.has("app")) attempt("app", () => loader.load("app"));
      app ??= {};
    },
    load,
    callApp(name, value) {
      const method = app?.[name];
      if (typeof method === "function") attempt(`app ${name}`, () => method.call(app, value) as unknown);
    },
  };
}

/** `globalThis` of the logic layer: the language's own, and timers. */
function languageGlobals(): Record<string, unknown> {
  const names =
    `Object Function Array Number Boolean String Symbol Date Promise RegExp Error AggregateError EvalError
RangeError ReferenceError SyntaxError TypeError URIError JSON Math Map Set WeakMap WeakSet BigInt Proxy Reflect
ArrayBuffer DataView Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array Float32Array Float64Array
Uint8ClampedArray parseInt parseFloat isNaN isFinite encodeURI encodeURIComponent decodeURI decodeURIComponent escape
unescape NaN Infinity console`.split(/\s+/);
  const own = Object.fromEntries(names.map((name) => [name, (globalThis as Record<string, unknown>)[name]]));
  const timers = {
    setTimeout: setTimeout.bind(window),
    clearTimeout: clearTimeout.bind(window),
    setInterval: setInterval.bind(window),
    clearInterval: clearInterval.bind(window),
  };
  return { ...own, ...timers };
}
