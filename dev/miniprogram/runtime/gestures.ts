import type { Dispatch, WithNode } from "./view-events.ts";

const LONG_PRESS_MS = 350;
/** CSS pixels that a finger may tremble. */
const MAX_MOVE = 10;

interface Point {
  readonly identifier: number;
  readonly clientX: number;
  readonly clientY: number;
  readonly pageX: number;
  readonly pageY: number;
}

/**
 * The pointer and the keyboard as WeChat's events. A tap is the browser's own click, so that keyboards, screen readers,
 * labels and disabled buttons do what they do everywhere; mouse and finger give touch events alike.
 */
export function listenToGestures(body: HTMLElement, dispatch: Dispatch): void {
  const press = longPress(dispatch);
  listenToTouches(body, dispatch);
  body.addEventListener("pointerdown", (event) => press.begin(event), true);
  body.addEventListener("pointermove", (event) => press.move(event), true);
  for (const type of ["pointerup", "pointercancel"]) body.addEventListener(type, () => press.end(), true);
  body.addEventListener("contextmenu", (event) => {
    const node = nodeOf(event.target);
    if (!node || !listensTo(event.target, "longpress") || isTextField(event.target)) return;
    event.preventDefault();
    // A finger has been held down already; the right button and the menu key have not.
    const byFinger = event instanceof PointerEvent && event.pointerType === "touch";
    if (!byFinger) dispatch(node, "longpress", { x: event.clientX, y: event.clientY }, [pointOf(event)]);
  });
  body.addEventListener(
    "click",
    (event) => {
      if (press.swallowsClick()) {
        event.preventDefault();
        event.stopPropagation();
        return;
      }
      const node = nodeOf(event.target);
      if (node) dispatch(node, "tap", { x: event.clientX, y: event.clientY }, [pointOf(event)]);
    },
    true,
  );
  body.addEventListener("keydown", pressByKey);
  for (const type of ["transitionend", "animationstart", "animationiteration", "animationend"]) {
    body.addEventListener(type, (event) => {
      const node = nodeOf(event.target);
      if (node) dispatch(node, type, {}, []);
    });
  }
}

function isTextField(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
}

/** Enter and Space on what is not a control of the browser's own, but can be tapped. */
function pressByKey(event: KeyboardEvent): void {
  const { target } = event;
  if (!(target instanceof HTMLElement) || !("mpTap" in target.dataset)) return;
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  target.click();
}

function longPress(dispatch: Dispatch) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let from = { x: 0, y: 0 };
  let swallow = false;
  return {
    begin(event: PointerEvent) {
      clearTimeout(timer);
      swallow = false;
      from = { x: event.clientX, y: event.clientY };
      const target = nodeOf(event.target);
      if (!target) return;
      timer = setTimeout(() => {
        // A tap follows all the same where nobody listens to the long press.
        swallow = listensTo(event.target, "longpress") || listensTo(event.target, "longtap");
        const points = [pointOf(event)];
        dispatch(target, "longpress", from, points);
        dispatch(target, "longtap", from, points);
      }, LONG_PRESS_MS);
    },
    move(event: PointerEvent) {
      if (Math.abs(event.clientX - from.x) + Math.abs(event.clientY - from.y) > MAX_MOVE) clearTimeout(timer);
    },
    end: () => clearTimeout(timer),
    swallowsClick() {
      const was = swallow;
      swallow = false;
      return was;
    },
  };
}

function listenToTouches(body: HTMLElement, dispatch: Dispatch): void {
  for (const type of ["touchstart", "touchmove", "touchend", "touchcancel"] as const) {
    body.addEventListener(
      type,
      (event) => {
        const node = nodeOf(event.target);
        if (!node) return;
        const changed = [...event.changedTouches].map(pointOf);
        const prevented = dispatch(node, type, {}, [...event.touches].map(pointOf), changed);
        if (prevented && event.cancelable) event.preventDefault();
      },
      // catchtouchmove keeps the page from scrolling, which a passive listener cannot.
      { capture: true, passive: false },
    );
  }
  let held: EventTarget | null = null;
  const asMouse = (type: string, event: PointerEvent) => {
    const node = nodeOf(held);
    if (node) dispatch(node, type, {}, type === "touchend" ? [] : [pointOf(event)], [pointOf(event)]);
  };
  body.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse" || event.button !== 0) return;
    held = event.target;
    asMouse("touchstart", event);
  });
  body.addEventListener("pointermove", (event) => {
    if (held !== null) asMouse("touchmove", event);
  });
  window.addEventListener("pointerup", (event) => {
    if (held !== null) asMouse("touchend", event);
    held = null;
  });
}

function pointOf(from: { clientX: number; clientY: number; identifier?: number }): Point {
  const { clientX, clientY, identifier = 0 } = from;
  return { identifier, clientX, clientY, pageX: clientX, pageY: clientY };
}

function nodeOf(target: EventTarget | null) {
  let element = target as WithNode | null;
  while (element && !element.__wxElement) element = element.parentNode;
  return element?.__wxElement;
}

/** Whether a listener for the event is on the way from the element up. */
function listensTo(target: EventTarget | null, type: string): boolean {
  for (let at = target as WithNode | null; at; at = at.parentNode as WithNode | null) {
    const node = at.__wxElement as unknown as
      | { _$eventTarget?: { listeners?: Record<string, unknown> } }
      | undefined;
    if (node?._$eventTarget?.listeners?.[type]) return true;
  }
  return false;
}
