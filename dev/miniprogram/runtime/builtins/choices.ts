import { type BuiltIn, type Host, stringOf } from "./built-in.ts";
import { around, below, registerField } from "./form.ts";

/** What a tap on the component's label does. */
const activations = new WeakMap<object, () => void>();
const groups = new WeakMap<object, (chosen: Host) => void>();
const choices = new WeakMap<object, Host>();

export const toggle: BuiltIn = {
  properties: {
    checked: Boolean,
    disabled: Boolean,
    type: { type: String, value: "switch" },
    color: { type: String, value: "#04be02" },
  },
  events: ["change"],
  childless: true,
  attach(host) {
    registerField(host, () => Boolean(host.data["checked"]));
    return control(host, "switch", () => {
      const value = !host.data["checked"];
      host.set({ checked: value });
      host.trigger("change", { value });
    });
  },
};

const CHOICE_PROPERTIES = {
  value: String,
  checked: Boolean,
  disabled: Boolean,
  color: { type: String, value: "#09bb07" },
} as const;

export const checkbox: BuiltIn = {
  properties: CHOICE_PROPERTIES,
  attach: (host) => choice(host, "checkbox", () => host.set({ checked: !host.data["checked"] })),
};

export const radio: BuiltIn = {
  properties: CHOICE_PROPERTIES,
  attach: (host) => choice(host, "radio", () => host.set({ checked: true })),
};

export const checkboxGroup: BuiltIn = {
  events: ["change"],
  attach: (host) => {
    const values = () => chosenIn(host).map(({ data }) => stringOf(data["value"]));
    registerField(host, values);
    groups.set(host.component, () => host.trigger("change", { value: values() }));
    host.element.setAttribute("role", "group");
    return undefined;
  },
};

export const radioGroup: BuiltIn = {
  events: ["change"],
  attach: (host) => {
    registerField(host, () => stringOf(chosenIn(host)[0]?.data["value"]));
    groups.set(host.component, (chosen) => {
      for (const other of chosenIn(host)) if (other !== chosen) other.set({ checked: false });
      host.trigger("change", { value: stringOf(chosen.data["value"]) });
    });
    host.element.setAttribute("role", "radiogroup");
    return undefined;
  },
};

/** Passes a tap on to what it names with `for`, or to the first control in it. */
export const label: BuiltIn = {
  properties: { for: String },
  attach(host) {
    const { element, component, data } = host;
    element.addEventListener("click", (event) => {
      const named = stringOf(data["for"]);
      const target = named === "" ? below(component).find((node) => activates(node)) : named;
      const node = typeof target === "string" ? component.ownerShadowRoot?.getElementById(target) : target;
      const control = node?.$$ as unknown as HTMLElement | undefined;
      if (!node || !control || control.contains(event.target as Node)) return;
      activations.get(node)?.();
      if (/^(input|textarea)$/.test(control.localName)) control.focus();
    });
    return undefined;
  },
};

function activates(node: { $$: unknown }): boolean {
  return (
    activations.has(node) ||
    /^(input|textarea|button)$/.test((node.$$ as HTMLElement | null)?.localName ?? "")
  );
}

function choice(host: Host, role: string, choose: () => void): (changed: string) => void {
  choices.set(host.component, host);
  const mark = document.createElement("i");
  mark.className = "mp-mark";
  host.element.append(mark);
  return control(host, role, () => {
    choose();
    for (const node of around(host.component)) {
      const group = groups.get(node);
      if (!group) continue;
      group(host);
      return;
    }
  });
}

/** A control of one state, for pointer, keyboard and label alike. */
function control(host: Host, role: string, act: () => void): (changed: string) => void {
  const { element, data } = host;
  const activate = () => {
    if (!data["disabled"]) act();
  };
  activations.set(host.component, activate);
  element.addEventListener("click", activate);
  element.setAttribute("role", role);
  element.dataset["mpTap"] = "";
  return () => {
    element.setAttribute("aria-checked", String(Boolean(data["checked"])));
    element.setAttribute("aria-disabled", String(Boolean(data["disabled"])));
    element.tabIndex = data["disabled"] ? -1 : 0;
    element.style.setProperty("--mp-color", stringOf(data["color"]));
  };
}

function chosenIn({ component }: Host): Host[] {
  return below(component).flatMap((node) => {
    const host = choices.get(node);
    return host?.data["checked"] ? [host] : [];
  });
}
