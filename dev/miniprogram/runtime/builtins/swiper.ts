import { type BuiltIn, numberOf } from "./built-in.ts";

/** Pages beside each other, on the browser's own scroll snapping. */
export const swiper: BuiltIn = {
  properties: {
    current: Number,
    indicatorDots: Boolean,
    indicatorColor: String,
    indicatorActiveColor: String,
    autoplay: Boolean,
    interval: { type: Number, value: 5000 },
    duration: { type: Number, value: 500 },
    circular: Boolean,
    vertical: Boolean,
  },
  events: ["change", "transition", "animationfinish"],
  attach({ element, data, set, trigger }) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const settled = () => {
      const size = data["vertical"] ? element.clientHeight : element.clientWidth;
      const at = data["vertical"] ? element.scrollTop : element.scrollLeft;
      const current = size === 0 ? 0 : Math.round(at / size);
      if (current === data["current"]) return;
      set({ current });
      trigger("change", { current, source: "touch" });
      trigger("animationfinish", { current, source: "touch" });
    };
    element.addEventListener("scroll", () => {
      clearTimeout(timer);
      timer = setTimeout(settled, 80);
    });
    return (changed) => {
      element.toggleAttribute("data-vertical", Boolean(data["vertical"]));
      if (changed !== "current" && changed !== "") return;
      const current = numberOf(data["current"]);
      const behavior = changed === "" ? "instant" : "smooth";
      requestAnimationFrame(() => {
        element.scrollTo({
          left: current * element.clientWidth,
          top: current * element.clientHeight,
          behavior,
        });
      });
    };
  },
};

export const swiperItem: BuiltIn = { properties: { itemId: String, skipHiddenItemLayout: Boolean } };
