import type { glassEasel } from "glass-easel-miniprogram-adapter";
import { type Host, numberOf } from "./built-in.ts";

export const HOVER_PROPERTIES = {
  hoverClass: { type: String, value: "" },
  hoverStopPropagation: Boolean,
  hoverStartTime: { type: Number, value: 50 },
  hoverStayTime: { type: Number, value: 400 },
} as const;

/** The segment of an element's classes that its template does not touch. */
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- TEMP_EXTRA, of a const enum in another package
export const TEMPORARY_CLASSES: glassEasel.StyleSegmentIndex = 3;

/** Gives the element its hover-class while it is pressed. */
export function showPress({ element, component, data }: Host): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (shown: boolean) => {
    const name = data["hoverClass"];
    const used = typeof name === "string" && name !== "" && name !== "none";
    if (used) component.setNodeClass(shown ? name : "", TEMPORARY_CLASSES);
  };
  const later = (shown: boolean, ms: unknown) => {
    clearTimeout(timer);
    timer = setTimeout(() => show(shown), numberOf(ms));
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || (event as PointerEvent & { mpHover?: true }).mpHover) return;
    if (data["hoverStopPropagation"]) (event as PointerEvent & { mpHover?: true }).mpHover = true;
    later(true, data["hoverStartTime"]);
  });
  for (const type of ["pointerup", "pointerleave", "pointercancel"]) {
    element.addEventListener(type, () => later(false, data["hoverStayTime"]));
  }
}
