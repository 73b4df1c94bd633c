import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";

/** What the engines of phones that people still have may lack (iOS 13: ECMAScript 2019), and WeChat does not add. */
const TOO_NEW = `
for (const name of ["WeakRef", "FinalizationRegistry", "AggregateError", "SuppressedError", "Iterator", "Temporal",
  "DisposableStack", "AsyncDisposableStack", "Intl", "SharedArrayBuffer", "Atomics", "WebAssembly", "ShadowRealm",
  "Float16Array", "console"]) delete globalThis[name];
for (const name of ["at", "findLast", "findLastIndex", "toSorted", "toReversed", "toSpliced", "with"])
  delete Array.prototype[name];
for (const name of ["at", "replaceAll", "isWellFormed", "toWellFormed"]) delete String.prototype[name];
for (const name of ["hasOwn", "groupBy"]) delete Object[name];
for (const name of ["any", "withResolvers", "try", "allSettled"]) delete Promise[name];
for (const name of ["dispose", "asyncDispose"]) delete Symbol[name];
RegExp = new Proxy(RegExp, {
  construct(target, args) {
    if (/\\(\\?<[=!]/.test(String(args[0]))) throw new SyntaxError("no lookbehind");
    return Reflect.construct(target, args);
  },
});`;

/** A mini-program's logic layer on an old phone: ECMAScript and timers; nothing of a browser, nor of Bun. */
export interface OldPhone {
  /** Runs a CommonJS module, and returns what it exports. `require` finds only these modules. */
  load(code: string, modules?: Readonly<Record<string, unknown>>): unknown;
}

export function openOldPhone(): OldPhone {
  const realm = createContext({ setTimeout, clearTimeout, setInterval, clearInterval });
  runInContext(TOO_NEW, realm);
  return {
    load(code, modules = {}) {
      const module = { exports: {} };
      const require = (name: string) => {
        if (!(name in modules)) throw new Error(`no module ${name}`);
        return modules[name];
      };
      const run = runInContext(`(function (module, exports, require) {${code}\n})`, realm) as (
        ...parts: unknown[]
      ) => void;
      run(module, module.exports, require);
      return module.exports;
    },
  };
}

/** A file of the mini-program with all that it imports by path, as one CommonJS module; packages are left to `require`. */
export async function bundleMiniprogram(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    packages: "external",
    format: "cjs",
    platform: "neutral",
    target: "es2018",
    tsconfigRaw: {},
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}
