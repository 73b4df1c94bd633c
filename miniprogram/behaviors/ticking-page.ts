import { withHooks } from "./page-hooks";
import { themedPage } from "./themed-page";

type Data = WechatMiniprogram.Page.DataOption;
type Custom = WechatMiniprogram.Page.CustomOption & { draw(): void };

const TICK_MS = 60_000;

/** Of the pages that are shown. */
const timers = new WeakMap<object, ReturnType<typeof setInterval>>();

/**
 * `themedPage` for a page that shows times: its `draw` is called each minute while it is shown, since “5 分钟前” becomes
 * wrong.
 */
export function tickingPage<D extends Data, C extends Custom>(
  options: WechatMiniprogram.Page.Options<D, C>,
): void {
  const start = (page: object) => {
    stop(page);
    timers.set(
      page,
      setInterval(() => (page as Custom).draw(), TICK_MS),
    );
  };
  // A page that is closed is not hidden before.
  themedPage(withHooks(options, { onShow: start, onHide: stop, onUnload: stop }));
}

function stop(page: object): void {
  const timer = timers.get(page);
  if (timer !== undefined) clearInterval(timer);
  timers.delete(page);
}
