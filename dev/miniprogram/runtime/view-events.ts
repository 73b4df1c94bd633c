import { glassEasel } from "glass-easel-miniprogram-adapter";

/** A DOM node that may belong to a node of the framework. */
export type WithNode = Node & { __wxElement?: glassEasel.Element };

/** Sends an event through the tree of components; says whether a listener asked to prevent what the browser would do. */
export type Dispatch = (
  target: glassEasel.Element,
  type: string,
  detail: unknown,
  touches: readonly unknown[],
  changedTouches?: readonly unknown[],
) => boolean;

export const dispatch: Dispatch = (target, type, detail, touches, changedTouches = touches) => {
  const event = new glassEasel.Event(type, detail, {
    bubbles: true,
    composed: true,
    capturePhase: true,
    extraFields: { touches, changedTouches },
  });
  glassEasel.Event.dispatchEvent(target, event);
  return event.defaultPrevented();
};
