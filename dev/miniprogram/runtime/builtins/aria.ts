import type { Host } from "./built-in.ts";

const NAMES =
  `label role hidden checked disabled expanded haspopup selected required readonly pressed current orientation valuemin
valuemax valuenow valuetext multiselectable multiline controls describedby labelledby live atomic modal busy level
invalid placeholder`.split(/\s+/);

/** `aria-…` of WXML as properties, which is what attributes of a component are. */
export const ARIA_PROPERTIES: Readonly<Record<string, { type: null; value: unknown }>> = Object.fromEntries([
  ...NAMES.map((name) => [property(name), { type: null, value: undefined }]),
  ["tabindex", { type: null, value: undefined }],
]) as Record<string, { type: null; value: unknown }>;

/** Roles of things that are pressed or chosen. */
const PRESSED_ROLE = /^(button|link|tab|checkbox|radio|switch|option|menuitem\w*|combobox|treeitem)$/;
const NATIVE_CONTROL = /^(button|input|textarea|a|select)$/;

/** Passes accessibility on to the element; what is tapped can also be reached by the keyboard. */
export function reflectAria(host: Host, changed: string): void {
  const { element, data } = host;
  for (const name of changed === "" ? NAMES : NAMES.filter((name) => property(name) === changed)) {
    const value = data[property(name)];
    if (name !== "role") setAttribute(element, `aria-${name}`, value);
  }
  if (
    changed === "" ||
    changed === "listeners" ||
    changed === "ariaRole" ||
    changed === "tabindex" ||
    changed === "hoverClass"
  ) {
    reflectRole(host);
  }
}

function reflectRole({ element, data, hears }: Host): void {
  const given =
    typeof data["ariaRole"] === "string" && data["ariaRole"] !== "" ? data["ariaRole"] : undefined;
  const hover = data["hoverClass"];
  const looksPressed = typeof hover === "string" && hover !== "" && hover !== "none";
  const native = NATIVE_CONTROL.test(element.localName);
  // A view that shows that it is pressed is a button; one that merely hears taps may be the ground under a dialog.
  const pressed = hears("tap") && (given === undefined ? looksPressed : PRESSED_ROLE.test(given));
  if (given !== undefined) element.setAttribute("role", given);
  else if (pressed && !native) element.setAttribute("role", "button");
  if (pressed && !native) element.dataset["mpTap"] = "";
  const tabindex = data["tabindex"] ?? (pressed && !native ? 0 : undefined);
  setAttribute(element, "tabindex", tabindex);
}

function setAttribute(element: HTMLElement, name: string, value: unknown): void {
  if (value === undefined || value === null || value === "") {
    element.removeAttribute(name);
    return;
  }
  element.setAttribute(
    name,
    typeof value === "object" ? JSON.stringify(value) : `${value as string | number | boolean}`,
  );
}

function property(name: string): string {
  return `aria${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
