import { type BuiltIn, numberOf, stringOf } from "./built-in.ts";
import { HOVER_PROPERTIES, showPress } from "./hover.ts";

/** Opens a page as wx.navigateTo and its kin do. */
export type Open = (how: string, options: { url: string; delta: number }) => Promise<unknown>;

export function navigatorLink(open: Open): BuiltIn {
  return {
    properties: {
      ...HOVER_PROPERTIES,
      hoverClass: { type: String, value: "mp-navigator-hover" },
      url: String,
      openType: { type: String, value: "navigate" },
      delta: { type: Number, value: 1 },
      target: String,
    },
    events: ["success", "fail", "complete"],
    attach(host) {
      const { element, data, trigger } = host;
      showPress(host);
      element.setAttribute("role", "link");
      element.tabIndex = 0;
      element.dataset["mpTap"] = "";
      element.addEventListener("click", () => {
        open(stringOf(data["openType"]), { url: stringOf(data["url"]), delta: numberOf(data["delta"]) })
          .then(
            () => trigger("success"),
            (error: unknown) => trigger("fail", error),
          )
          .finally(() => trigger("complete"));
      });
      return undefined;
    },
  };
}
