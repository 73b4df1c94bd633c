import { glassEasel } from "glass-easel-miniprogram-adapter";
import { EMPTY_TEMPLATE, SLOT_TEMPLATE } from "../../compile/template-names.ts";
import type { Framework } from "../framework.ts";
import type { Problems } from "../report.ts";
import { ARIA_PROPERTIES, reflectAria } from "./aria.ts";

type PropertyType = StringConstructor | NumberConstructor | BooleanConstructor | null;
export type PropertyDefinition = PropertyType | { readonly type: PropertyType; readonly value: unknown };

/** One built-in component on the page: a native element of the same name, and what the template says of it. */
export interface Host {
  readonly element: HTMLElement;
  readonly component: glassEasel.GeneralComponent;
  /** Its properties. Those that the definition gives a type have it. */
  readonly data: Readonly<Record<string, unknown>>;
  set(values: Record<string, unknown>): void;
  /** Triggers one of its own events. */
  trigger(name: string, detail?: unknown): void;
  /** Whether the mini-program listens to the event. */
  hears(name: string): boolean;
}

export interface BuiltIn {
  readonly properties?: Readonly<Record<string, PropertyDefinition>>;
  /** Its own events, beside those that every component has. */
  readonly events?: readonly string[];
  /** Nothing may stand inside. */
  readonly childless?: true;
  /**
   * Called when the component is made. The function it returns is called with the name of each property that changes,
   * with "listeners" when the mini-program begins to listen, and at first with "".
   */
  attach?(host: Host): ((changed: string) => void) | undefined;
}

const COMMON_PROPERTIES = { hidden: Boolean, name: String, ...ARIA_PROPERTIES } as const;
const COMMON_EVENTS =
  `tap longpress longtap touchstart touchmove touchend touchcancel touchforcechange transitionend
animationstart animationiteration animationend`.split(/\s+/);

/** `knownEvents` are those of the mini-program's own components, which may bubble up to a built-in one. */
export function defineBuiltIn(
  is: string,
  definition: BuiltIn,
  surroundings: { framework: Framework; problems: Problems; knownEvents: ReadonlySet<string> },
): void {
  const { framework, problems, knownEvents } = surroundings;
  const properties = { ...COMMON_PROPERTIES, ...definition.properties };
  const events = new Set([...COMMON_EVENTS, ...(definition.events ?? [])]);
  const updates = new WeakMap<object, (changed: string) => void>();
  type Component = glassEasel.GeneralComponent;

  const observers = Object.keys(properties).map((name) => ({
    fields: name,
    observer(this: Component) {
      updates.get(this)?.(name);
    },
  }));
  const template = definition.childless ? EMPTY_TEMPLATE : SLOT_TEMPLATE;
  const component = framework.space.defineComponent({
    is: `builtin/${is}`,
    options: { styleScope: glassEasel.StyleScopeManager.globalScope(), listenerChangeLifetimes: true },
    template: { groupList: framework.templates, content: framework.templates[template] },
    properties,
    observers,
    lifetimes: {
      created(this: Component) {
        const host = openHost(this);
        const own = definition.attach?.(host);
        const update = (changed: string) => {
          if (changed === "" || changed === "hidden")
            host.element.toggleAttribute("hidden", Boolean(host.data["hidden"]));
          reflectAria(host, changed);
          own?.(changed);
        };
        updates.set(this, update);
        update("");
      },
      listenerChange(this: Component, added: boolean, name: string) {
        if (added && !events.has(name) && !knownEvents.has(name)) {
          problems.report(
            "component",
            `<${is}> has no event "${name}" (in ${this.ownerShadowRoot?.getHostNode().is})`,
          );
        }
        updates.get(this)?.("listeners");
      },
    },
  });
  framework.space.setGlobalUsingComponent(is, component as never);
}

function openHost(component: glassEasel.GeneralComponent): Host {
  const listeners = component as unknown as { _$eventTarget?: { listeners: Record<string, unknown> } };
  return {
    component,
    element: component.$$ as unknown as HTMLElement,
    get data() {
      return component.data as Record<string, unknown>;
    },
    set: (values) => component.setData(values as never),
    trigger: (name, detail = {}) => glassEasel.triggerEvent(component, name, detail, {}),
    hears: (name) => listeners._$eventTarget?.listeners[name] !== undefined,
  };
}

/** Lengths and the like: numbers, or strings that begin with one. */
export function numberOf(value: unknown): number {
  return typeof value === "number" ? value : Number.parseFloat(String(value)) || 0;
}

export function stringOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : "";
}
