import type { LogicLayer } from "./logic-layer.ts";
import type { Problems } from "./report.ts";
import type { Router } from "./router.ts";
import type { WxEvents } from "./wx/events.ts";
import type { Sockets } from "./wx/socket.ts";

/** WeChat ends the sockets of an app that has been in the background for this long. */
const SOCKETS_LIVE_MS = 5_000;
const SCENE = 1001;

/** The app's life: launched, put away, taken out again. */
export interface Lifecycle {
  /** Opens `otherwise` if there is no such page. */
  launch(url: string, otherwise: string): void;
  /** The app leaves the screen, as when the phone sleeps. */
  sleep(): void;
  wake(): void;
}

export function openLifecycle(needs: {
  logic: LogicLayer;
  router: Router;
  events: WxEvents;
  sockets: Sockets;
  problems: Problems;
}): Lifecycle {
  const { logic, router, events, sockets, problems } = needs;
  let awake = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let entered: Record<string, unknown> = {};

  const hide = () => {
    if (!awake) return;
    awake = false;
    router.setAwake(false);
    logic.callApp("onHide", {});
    events.emit("AppHide", {});
  };
  const show = () => {
    clearTimeout(timer);
    if (awake) return;
    awake = true;
    logic.callApp("onShow", entered);
    events.emit("AppShow", entered);
    router.setAwake(true);
  };
  // A browser leaves the sockets of a hidden tab alone.
  document.addEventListener("visibilitychange", () => (document.hidden ? hide() : show()));
  return {
    launch(url, otherwise) {
      const [path = "", search = ""] = url.replace(/^\//, "").split("?");
      const query = Object.fromEntries(new URLSearchParams(search));
      entered = { path, query, scene: SCENE, referrerInfo: {}, apiCategory: "default" };
      logic.start();
      logic.callApp("onLaunch", entered);
      logic.callApp("onShow", entered);
      try {
        router.launch(url);
      } catch (error) {
        problems.report("error", String(error));
        logic.callApp("onPageNotFound", { path, query, isEntryPage: true });
        if (!router.top) router.launch(otherwise);
      }
    },
    sleep() {
      hide();
      timer = setTimeout(() => sockets.interrupt(), SOCKETS_LIVE_MS);
    },
    wake: show,
  };
}
