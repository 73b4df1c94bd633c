import type { Caller } from "../framework.ts";
import type { Router } from "../router.ts";

/** Queries of elements; without a component they are about the page on top. */
export function nodeFunctions(router: Router): Readonly<Record<string, unknown>> {
  const page = (): Caller => {
    if (!router.top) throw new Error("there is no page yet");
    return router.top.page;
  };
  return {
    createSelectorQuery: () => page().createSelectorQuery(),
    createIntersectionObserver: (component: Caller | undefined, options: object = {}) =>
      (component ?? page()).createIntersectionObserver(options),
    nextTick: (callback: () => void) => {
      Promise.resolve().then(callback).catch(reportError);
    },
  };
}
