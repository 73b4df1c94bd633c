import { type BuiltIn, stringOf } from "./built-in.ts";
import { HOVER_PROPERTIES, showPress } from "./hover.ts";

export const view: BuiltIn = {
  properties: HOVER_PROPERTIES,
  attach(host) {
    showPress(host);
    return undefined;
  },
};

/** Its place in the tree does not matter here: a page's fixed elements are the phone's already. */
export const rootPortal: BuiltIn = { properties: { enable: { type: Boolean, value: true } } };

/** Sets what cannot be reached from the template: the page's own element. */
export const pageMeta: BuiltIn = {
  properties: {
    pageStyle: String,
    rootFontSize: String,
    pageFontSize: String,
    backgroundColor: String,
    rootBackgroundColor: String,
  },
  events: ["resize", "scroll", "scrolldone"],
  attach({ element, data }) {
    return () => {
      const page = element.closest<HTMLElement>("[data-page]");
      const style = stringOf(data["pageStyle"]);
      if (page) page.setAttribute("style", style);
    };
  },
};
