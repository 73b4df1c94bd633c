const TICK_MS = 60_000;

/** Of the pages that are shown. */
const timers = new WeakMap<object, ReturnType<typeof setInterval>>();

/** For pages that show times: calls their `draw` each minute while they are shown, since “5 分钟前” becomes wrong. */
export const ticking = Behavior({
  lifetimes: {
    // A page that is closed is not hidden before.
    detached() {
      stop(this);
    },
  },
  pageLifetimes: {
    show() {
      const page = this as unknown as { draw(): void };
      stop(this);
      timers.set(
        this,
        setInterval(() => page.draw(), TICK_MS),
      );
    },
    hide() {
      stop(this);
    },
  },
});

function stop(page: object): void {
  const timer = timers.get(page);
  if (timer !== undefined) clearInterval(timer);
  timers.delete(page);
}
