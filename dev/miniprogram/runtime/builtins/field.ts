import { type BuiltIn, type Host, numberOf, stringOf } from "./built-in.ts";
import { registerField } from "./form.ts";
import { TEMPORARY_CLASSES } from "./hover.ts";

type Field = HTMLInputElement | HTMLTextAreaElement;

const PROPERTIES = {
  value: String,
  placeholder: String,
  placeholderClass: String,
  placeholderStyle: String,
  disabled: Boolean,
  maxlength: { type: Number, value: 140 },
  focus: Boolean,
  autoFocus: Boolean,
  confirmType: String,
  confirmHold: Boolean,
  cursor: { type: Number, value: -1 },
  cursorColor: String,
  cursorSpacing: Number,
  selectionStart: { type: Number, value: -1 },
  selectionEnd: { type: Number, value: -1 },
  adjustPosition: { type: Boolean, value: true },
  holdKeyboard: Boolean,
} as const;
const EVENTS = [
  "input",
  "focus",
  "blur",
  "confirm",
  "keyboardheightchange",
  "selectionchange",
  "nicknamereview",
];
/** What WeChat's types of keyboard are called in a browser. */
const INPUT_MODES: Readonly<Record<string, string>> = { number: "numeric", digit: "decimal", idcard: "text" };

export function input(onKeyboard: (height: number) => void): BuiltIn {
  return {
    properties: {
      ...PROPERTIES,
      type: { type: String, value: "text" },
      password: Boolean,
      alwaysEmbed: Boolean,
    },
    events: EVENTS,
    childless: true,
    attach(host) {
      const field = host.element as HTMLInputElement;
      const update = attachField(host, field, onKeyboard, (event) => event.key === "Enter");
      return (changed) => {
        field.type = host.data["password"] ? "password" : "text";
        field.inputMode = INPUT_MODES[stringOf(host.data["type"])] ?? "text";
        update(changed);
      };
    },
  };
}

export function textarea(onKeyboard: (height: number) => void): BuiltIn {
  return {
    properties: {
      ...PROPERTIES,
      autoHeight: Boolean,
      fixed: Boolean,
      showConfirmBar: Boolean,
      disableDefaultPadding: Boolean,
    },
    events: [...EVENTS, "linechange"],
    childless: true,
    attach(host) {
      const field = host.element as HTMLTextAreaElement;
      field.rows = 1;
      const confirms = (event: KeyboardEvent) =>
        event.key === "Enter" &&
        !event.shiftKey &&
        /^(send|search|next|go|done)$/.test(stringOf(host.data["confirmType"]));
      const update = attachField(host, field, onKeyboard, confirms);
      watchLines(host, field);
      return (changed) => {
        field.toggleAttribute("data-auto-height", Boolean(host.data["autoHeight"]));
        update(changed);
      };
    },
  };
}

function attachField(
  host: Host,
  field: Field,
  onKeyboard: (height: number) => void,
  confirms: (event: KeyboardEvent) => boolean,
): (changed: string) => void {
  const { data, trigger } = host;
  registerField(host, () => field.value);
  field.addEventListener("input", () => {
    host.set({ value: field.value });
    trigger("input", { value: field.value, cursor: field.selectionStart ?? 0, keyCode: 0 });
  });
  field.addEventListener("focus", () => {
    trigger("focus", { value: field.value, height: 0 });
    trigger("keyboardheightchange", { height: 0, duration: 0 });
    onKeyboard(0);
  });
  field.addEventListener("blur", () =>
    trigger("blur", { value: field.value, cursor: field.selectionStart ?? 0 }),
  );
  field.addEventListener("keydown", (event) => {
    if (!(event instanceof KeyboardEvent) || event.isComposing || !confirms(event)) return;
    event.preventDefault();
    trigger("confirm", { value: field.value });
    if (!data["confirmHold"] && !data["holdKeyboard"] && field instanceof HTMLInputElement) field.blur();
  });
  return (changed) => updateField(host, field, changed);
}

function updateField({ data, component }: Host, field: Field, changed: string): void {
  const limit = numberOf(data["maxlength"]);
  if (limit >= 0) field.maxLength = limit;
  else field.removeAttribute("maxlength");
  field.placeholder = stringOf(data["placeholder"]);
  if (stringOf(data["ariaLabel"]) === "" && field.placeholder !== "")
    field.setAttribute("aria-label", field.placeholder);
  field.disabled = Boolean(data["disabled"]);
  field.enterKeyHint =
    stringOf(data["confirmType"]) || (field instanceof HTMLInputElement ? "done" : "enter");
  if (changed === "" || changed === "value")
    setValue(field, stringOf(data["value"]).slice(0, limit >= 0 ? limit : undefined));
  if (changed === "" || changed === "placeholderClass") {
    const names = stringOf(data["placeholderClass"]).split(/\s+/).filter(Boolean);
    component.setNodeClass(names.map((name) => `${name}-mp-field`).join(" "), TEMPORARY_CLASSES);
  }
  if (changed === "focus" || changed === "")
    focusAsTold(field, Boolean(data["focus"]) || (changed === "" && Boolean(data["autoFocus"])), changed);
}

/** Only when it differs: the cursor would jump to the end. */
function setValue(field: Field, value: string): void {
  if (field.value !== value) field.value = value;
}

function focusAsTold(field: Field, focus: boolean, changed: string): void {
  if (focus) requestAnimationFrame(() => field.focus());
  else if (changed === "focus") field.blur();
}

function watchLines({ trigger, hears }: Host, field: HTMLTextAreaElement): void {
  let height = 0;
  new ResizeObserver(() => {
    if (field.scrollHeight === height || !hears("linechange")) return;
    height = field.scrollHeight;
    const lineHeight = Number.parseFloat(getComputedStyle(field).lineHeight) || 20;
    trigger("linechange", { height, lineHeight, lineCount: Math.max(1, Math.round(height / lineHeight)) });
  }).observe(field);
}
