import { transform } from "esbuild";
import type { CompiledModule } from "./package.ts";
import { packedFiles } from "./packed.ts";
import type { Source } from "./source.ts";

/** The oldest phones that base library 3 runs on. */
const TARGET = "es2018";
const SCRIPT = /\.(ts|js)$/;

/** What each module is given, in this order, before the names that are hidden from it. */
export const GIVEN_NAMES = [
  "wx",
  "App",
  "Page",
  "Component",
  "Behavior",
  "getApp",
  "getCurrentPages",
  "globalThis",
] as const;

/** A browser has them, WeChat's logic layer has not (or not on all phones): what needs them must fail here as well. */
const HIDDEN_NAMES =
  `window self global document location navigator history screen frames parent top opener localStorage sessionStorage
indexedDB caches fetch Headers Request Response XMLHttpRequest WebSocket EventSource Worker SharedWorker MessageChannel
BroadcastChannel TextEncoder TextDecoder URL URLSearchParams AbortController AbortSignal Blob File FileReader FormData
atob btoa structuredClone queueMicrotask requestAnimationFrame cancelAnimationFrame requestIdleCallback performance
crypto Intl Event EventTarget CustomEvent DOMException DOMParser MutationObserver IntersectionObserver ResizeObserver
Image Audio Notification ReadableStream WritableStream TransformStream CompressionStream WebAssembly alert confirm
prompt open close print stop find focus blur scroll scrollTo getComputedStyle matchMedia getSelection postMessage
addEventListener removeEventListener dispatchEvent setImmediate process Buffer eval`
    .split(/\s+/)
    // A strict function cannot have a parameter of this name; new Function and eval do not exist in the logic layer.
    .filter((name) => name !== "eval");

/** One CommonJS module for each file, as DevTools makes them: types stripped file by file, nothing bundled. */
export async function compileModules(source: Source): Promise<CompiledModule[]> {
  const files = packedFiles(source).filter((file) => SCRIPT.test(file) && !file.endsWith(".test.ts"));
  return await Promise.all(files.map((file) => compileModule(file, source.text(file))));
}

async function compileModule(file: string, text: string): Promise<CompiledModule> {
  const { code } = await transform(text, {
    loader: file.endsWith(".ts") ? "ts" : "js",
    format: "cjs",
    target: TARGET,
    sourcefile: file,
  });
  return { id: file.replace(SCRIPT, ""), code };
}

/** All modules in one script: a request for each would take longer than all else. Stacks name each as its own file. */
export function modulesScript(modules: readonly CompiledModule[]): string {
  return modules
    .map((module) => {
      const script = `${moduleScript(module)}\n//# sourceURL=/module/${module.id}.js`;
      return `(0,eval)(${JSON.stringify(script)});`;
    })
    .join("\n");
}

/** A script that registers the module. Its lines are those of the module's code, so that stacks can be read. */
function moduleScript({ id, code }: CompiledModule): string {
  const names = [...GIVEN_NAMES, ...HIDDEN_NAMES].join(",");
  return `__mpModule(${JSON.stringify(id)},function(${names}){return function(require,module,exports){${code}\n}});`;
}
