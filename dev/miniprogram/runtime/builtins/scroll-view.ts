import { type BuiltIn, type Host, numberOf, stringOf } from "./built-in.ts";
import { followPull } from "../shell/pull.ts";

export const scrollView: BuiltIn = {
  properties: {
    scrollX: Boolean,
    scrollY: Boolean,
    upperThreshold: { type: null, value: 50 },
    lowerThreshold: { type: null, value: 50 },
    scrollTop: { type: null, value: "" },
    scrollLeft: { type: null, value: "" },
    scrollIntoView: String,
    scrollIntoViewOffset: Number,
    scrollWithAnimation: Boolean,
    scrollAnchoring: Boolean,
    enableBackToTop: Boolean,
    enableFlex: Boolean,
    enablePassive: null,
    enhanced: Boolean,
    bounces: { type: Boolean, value: true },
    fastDeceleration: Boolean,
    showScrollbar: { type: Boolean, value: true },
    pagingEnabled: Boolean,
    type: String,
    refresherEnabled: Boolean,
    refresherThreshold: { type: Number, value: 45 },
    refresherDefaultStyle: { type: String, value: "black" },
    refresherBackground: String,
    refresherTriggered: Boolean,
  },
  events: `scroll scrolltoupper scrolltolower dragstart dragging dragend refresherpulling refresherrefresh
refresherrestore refresherabort`.split(/\s+/),
  attach(host) {
    const { element, data } = host;
    reportScrolling(host);
    const refresher = attachRefresher(host);
    return (changed) => {
      element.dataset["scroll"] = `${data["scrollX"] ? "x" : ""}${data["scrollY"] ? "y" : ""}`;
      // Browsers anchor by themselves, WeChat only where it is asked to.
      element.style.overflowAnchor = data["scrollAnchoring"] ? "auto" : "none";
      element.toggleAttribute("data-flex", Boolean(data["enableFlex"]));
      element.toggleAttribute("data-bare", !data["showScrollbar"] && Boolean(data["enhanced"]));
      const behavior = data["scrollWithAnimation"] ? "smooth" : "instant";
      const top = data["scrollTop"];
      const left = data["scrollLeft"];
      // What is scrolled to may be drawn by the same setData, after this.
      if (changed === "scrollTop" && top !== "")
        queueMicrotask(() => element.scrollTo({ top: numberOf(top), behavior }));
      if (changed === "scrollLeft" && left !== "")
        queueMicrotask(() => element.scrollTo({ left: numberOf(left), behavior }));
      if (changed === "scrollIntoView" || changed === "") queueMicrotask(() => scrollToNamed(host, behavior));
      if (changed === "refresherTriggered") refresher(Boolean(data["refresherTriggered"]));
    };
  },
};

function scrollToNamed({ element, data, component }: Host, behavior: ScrollBehavior): void {
  const id = stringOf(data["scrollIntoView"]);
  if (id === "") return;
  const target = component.ownerShadowRoot?.getElementById(id)?.$$ as unknown as HTMLElement | undefined;
  if (!target) return;
  const from = element.getBoundingClientRect();
  const to = target.getBoundingClientRect();
  const offset = numberOf(data["scrollIntoViewOffset"]);
  element.scrollTo({
    top: element.scrollTop + to.top - from.top + offset,
    left: element.scrollLeft + to.left - from.left,
    behavior,
  });
}

/** Tells of an edge once each time it comes near. */
function reportScrolling({ element, data, trigger }: Host): void {
  let before = { top: 0, left: 0 };
  let nearStart = true;
  let nearEnd = false;
  element.addEventListener("scroll", () => {
    const {
      scrollTop: top,
      scrollLeft: left,
      scrollHeight,
      scrollWidth,
      clientHeight,
      clientWidth,
    } = element;
    trigger("scroll", {
      scrollTop: top,
      scrollLeft: left,
      scrollHeight,
      scrollWidth,
      deltaX: before.left - left,
      deltaY: before.top - top,
    });
    before = { top, left };
    const vertical = Boolean(data["scrollY"]);
    const start = (vertical ? top : left) <= numberOf(data["upperThreshold"]);
    const rest = vertical ? scrollHeight - top - clientHeight : scrollWidth - left - clientWidth;
    const end = rest <= numberOf(data["lowerThreshold"]);
    if (start && !nearStart) trigger("scrolltoupper", { direction: vertical ? "top" : "left" });
    if (end && !nearEnd) trigger("scrolltolower", { direction: vertical ? "bottom" : "right" });
    nearStart = start;
    nearEnd = end;
  });
}

function attachRefresher(host: Host): (triggered: boolean) => void {
  const { element, data, trigger } = host;
  const pull = followPull(element, {
    enabled: () => Boolean(data["refresherEnabled"]),
    threshold: () => numberOf(data["refresherThreshold"]),
    onPulling: (distance) => trigger("refresherpulling", { dy: distance }),
    onAbort: () => trigger("refresherabort"),
    onRefresh() {
      host.set({ refresherTriggered: true });
      trigger("refresherrefresh");
    },
  });
  let was = false;
  return (triggered) => {
    pull.show(triggered);
    if (was && !triggered) trigger("refresherrestore");
    was = triggered;
  };
}
