import type { glassEasel } from "glass-easel-miniprogram-adapter";
import type { BuiltIn, Host } from "./built-in.ts";

interface Form {
  submit(): void;
  reset(): void;
}

const forms = new WeakMap<object, Form>();
/** What each field of a form has to say. */
const fields = new WeakMap<object, () => unknown>();

export function registerField(host: Host, value: () => unknown): void {
  fields.set(host.component, value);
}

export const form: BuiltIn = {
  properties: { reportSubmit: Boolean, reportSubmitTimeout: Number },
  events: ["submit", "reset"],
  attach(host) {
    forms.set(host.component, {
      submit: () => host.trigger("submit", { value: valuesIn(host.component) }),
      reset: () => host.trigger("reset", {}),
    });
    // The browser's own submission would leave the page.
    host.element.addEventListener("submit", (event) => event.preventDefault());
    return undefined;
  },
};

/** The form that the component stands in, across the borders of components. */
export function formAround(component: glassEasel.GeneralComponent): Form | undefined {
  for (const node of around(component)) {
    const found = forms.get(node);
    if (found) return found;
  }
  return undefined;
}

/** What is around a component, from the inside out. */
export function* around(component: glassEasel.GeneralComponent): Generator<object> {
  let element: (Node & { __wxElement?: object }) | null = component.$$ as unknown as Node | null;
  for (element = element?.parentNode ?? null; element; element = element.parentNode) {
    if (element.__wxElement) yield element.__wxElement;
  }
}

/** Components below one, in the order of the page. */
export function below(component: glassEasel.GeneralComponent): glassEasel.GeneralComponent[] {
  const root = component.$$ as unknown as HTMLElement;
  return [...root.querySelectorAll("*")].flatMap((element) => {
    const node = (element as Element & { __wxElement?: glassEasel.GeneralComponent }).__wxElement;
    return node ? [node] : [];
  });
}

function valuesIn(component: glassEasel.GeneralComponent): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const node of below(component)) {
    const value = fields.get(node);
    const name = (node.data as { name?: unknown } | undefined)?.name;
    if (value && typeof name === "string" && name !== "") values[name] = value();
  }
  return values;
}
