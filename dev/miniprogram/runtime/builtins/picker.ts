import type { Dialogs } from "../shell/dialogs.ts";
import { type BuiltIn, type Host, stringOf } from "./built-in.ts";
import { registerField } from "./form.ts";

/** Modes selector, date and time. */
export function picker(dialogs: Dialogs, refuse: (text: string) => void): BuiltIn {
  return {
    properties: {
      mode: { type: String, value: "selector" },
      range: { type: null, value: [] },
      rangeKey: String,
      value: { type: null, value: "" },
      start: String,
      end: String,
      fields: String,
      headerText: String,
      disabled: Boolean,
    },
    events: ["change", "cancel", "columnchange"],
    attach(host) {
      const { element, data } = host;
      registerField(host, () => data["value"]);
      element.setAttribute("role", "button");
      element.setAttribute("aria-haspopup", "dialog");
      element.tabIndex = 0;
      element.dataset["mpTap"] = "";
      element.addEventListener("click", () => {
        if (data["disabled"]) return;
        pick(host, dialogs, refuse).then(
          (value) => {
            if (value === undefined) return host.trigger("cancel");
            host.set({ value });
            return host.trigger("change", { value });
          },
          (error: unknown) => refuse(String(error)),
        );
      });
      return undefined;
    },
  };
}

async function pick(
  { data }: Host,
  dialogs: Dialogs,
  refuse: (text: string) => void,
): Promise<string | number | undefined> {
  const mode = stringOf(data["mode"]);
  const title = stringOf(data["headerText"]);
  if (mode === "selector") return await dialogs.choose(title, optionsOf(data));
  if (mode === "date" || mode === "time") {
    return await dialogs.field(title, {
      type: mode,
      value: stringOf(data["value"]),
      min: stringOf(data["start"]),
      max: stringOf(data["end"]),
    });
  }
  refuse(`<picker mode="${mode}"> is not there`);
  return undefined;
}

function optionsOf(data: Readonly<Record<string, unknown>>): string[] {
  const key = stringOf(data["rangeKey"]);
  const range = Array.isArray(data["range"]) ? (data["range"] as unknown[]) : [];
  return range.map((item) =>
    key !== "" && typeof item === "object" && item !== null
      ? stringOf((item as Record<string, unknown>)[key])
      : stringOf(item),
  );
}
