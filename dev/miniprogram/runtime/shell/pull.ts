export interface Pull {
  /** Shows that a refresh is going on, or ends it. */
  show(refreshing: boolean): void;
}

/** A finger's way counts half, as on a phone. */
const RESISTANCE = 0.5;
const MAX_PULL = 90;

/** Pulling a scrolled element down beyond its top, with finger or mouse. */
export function followPull(
  element: HTMLElement,
  options: {
    enabled(): boolean;
    /** CSS pixels. */
    threshold(): number;
    onPulling?(distance: number): void;
    onAbort?(): void;
    onRefresh(): void;
  },
): Pull {
  const indicator = document.createElement("div");
  indicator.className = "mp-refresher";
  indicator.setAttribute("role", "status");
  let from: { x: number; y: number } | undefined;
  let distance = 0;
  let refreshing = false;

  const draw = () => {
    const height = refreshing ? options.threshold() : distance;
    if (height > 0 && indicator.parentNode !== element) element.prepend(indicator);
    indicator.style.height = `${height}px`;
    indicator.classList.toggle("mp-busy", refreshing);
    indicator.setAttribute("aria-label", refreshing ? "正在刷新" : "");
    if (height === 0) indicator.remove();
  };
  const begin = (x: number, y: number) => {
    from = options.enabled() && !refreshing && element.scrollTop <= 0 ? { x, y } : undefined;
  };
  const move = (x: number, y: number): boolean => {
    if (!from) return false;
    const down = y - from.y;
    if (distance === 0 && (down < 10 || Math.abs(x - from.x) > down)) return false;
    distance = Math.max(0, Math.min(MAX_PULL, down * RESISTANCE));
    options.onPulling?.(distance);
    draw();
    return true;
  };
  const end = () => {
    if (!from || distance === 0) return;
    const enough = distance >= options.threshold();
    distance = 0;
    from = undefined;
    if (enough) options.onRefresh();
    else options.onAbort?.();
    draw();
  };

  element.addEventListener(
    "touchstart",
    ({ touches }) => begin(touches[0]?.clientX ?? 0, touches[0]?.clientY ?? 0),
    { passive: true },
  );
  element.addEventListener(
    "touchmove",
    (event) => {
      const [touch] = event.touches;
      if (touch && move(touch.clientX, touch.clientY) && event.cancelable) event.preventDefault();
    },
    { passive: false },
  );
  element.addEventListener("touchend", end);
  element.addEventListener("touchcancel", end);
  element.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") return;
    begin(event.clientX, event.clientY);
    const onMove = (moved: PointerEvent) => move(moved.clientX, moved.clientY);
    const onUp = () => {
      window.removeEventListener("pointermove", onMove);
      end();
    };
    window.addEventListener("pointermove", onMove);
    window.addEventListener("pointerup", onUp, { once: true });
  });
  return {
    show(now) {
      refreshing = now;
      draw();
    },
  };
}
