import type { Router } from "../router.ts";
import { type Options, wxFunction } from "./call.ts";

/** Ways from page to page. */
export function navigationFunctions(
  router: Router,
): Readonly<Record<string, (options?: Options) => unknown>> {
  const to = (name: string, go: (url: string) => void) =>
    wxFunction(name, ({ url }) => {
      if (typeof url !== "string") throw new Error("parameter error: url");
      go(url);
    });
  return {
    navigateTo: to("navigateTo", router.navigateTo),
    redirectTo: to("redirectTo", router.redirectTo),
    switchTab: to("switchTab", router.switchTab),
    reLaunch: to("reLaunch", router.reLaunch),
    navigateBack: wxFunction("navigateBack", ({ delta }) => router.navigateBack(Number(delta ?? 1))),
  };
}
