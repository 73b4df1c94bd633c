import { type BuiltIn, numberOf, stringOf } from "./built-in.ts";

/** Where an address of the mini-program really is. */
export type Locate = (address: string, from: string) => string;

const FITS: Readonly<Record<string, string>> = {
  aspectFit: "contain",
  aspectFill: "cover",
  widthFix: "contain",
};

export function image(locate: Locate): BuiltIn {
  return {
    properties: {
      src: String,
      mode: { type: String, value: "scaleToFill" },
      lazyLoad: Boolean,
      webp: Boolean,
      fadeIn: Boolean,
      showMenuByLongpress: Boolean,
    },
    events: ["load", "error"],
    childless: true,
    attach({ element, data, trigger, component }) {
      const picture = document.createElement("img");
      picture.draggable = false;
      // The name is the component's own aria-label.
      picture.alt = "";
      element.append(picture);
      picture.addEventListener("load", () =>
        trigger("load", { width: picture.naturalWidth, height: picture.naturalHeight }),
      );
      picture.addEventListener("error", () =>
        trigger("error", { errMsg: `GET ${stringOf(data["src"])} fail` }),
      );
      return (changed) => {
        const mode = stringOf(data["mode"]);
        picture.style.objectFit = FITS[mode] ?? "fill";
        element.dataset["mode"] = mode;
        picture.loading = data["lazyLoad"] ? "lazy" : "eager";
        element.toggleAttribute("data-labelled", stringOf(data["ariaLabel"]) !== "");
        if (stringOf(data["ariaLabel"]) !== "") element.setAttribute("role", "img");
        if (changed !== "" && changed !== "src") return;
        const address = stringOf(data["src"]);
        if (address === "") picture.removeAttribute("src");
        else picture.src = locate(address, component.ownerShadowRoot?.getHostNode().is ?? "");
      };
    },
  };
}

const ICONS: Readonly<Record<string, readonly [path: string, color: string]>> = {
  success: [
    "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1.2 14.4-4.2-4.2 1.4-1.4 2.8 2.8 5.8-5.8 1.4 1.4z",
    "#07c160",
  ],
  success_no_circle: ["m9.5 18-6-6 1.6-1.6 4.4 4.4L19 5.3 20.600 6.900z", "#07c160"],
  info: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1 5h2v2h-2zm0 4h2v6h-2z", "#10aeff"],
  warn: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1 5h2v7h-2zm0 8.500h2v2h-2z", "#fa5151"],
  waiting: [
    "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm1 5v4.600l3.200 3.200-1.400 1.400L11 12.400V7z",
    "#10aeff",
  ],
  cancel: [
    "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm4.200 12.800-1.400 1.400L12 13.400l-2.800 2.800-1.400-1.400 2.800-2.800-2.800-2.800 1.400-1.400 2.800 2.800 2.800-2.800 1.400 1.400-2.800 2.800z",
    "#fa5151",
  ],
  clear: [
    "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm4.200 12.800-1.400 1.400L12 13.400l-2.800 2.800-1.400-1.400 2.800-2.800-2.800-2.800 1.400-1.400 2.800 2.800 2.800-2.800 1.400 1.400-2.800 2.800z",
    "#b2b2b2",
  ],
  search: [
    "M10 3a7 7 0 1 0 4.200 12.600l5 5 1.400-1.400-5-5A7 7 0 0 0 10 3zm0 2a5 5 0 1 1 0 10 5 5 0 0 1 0-10z",
    "#b2b2b2",
  ],
  download: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20zm-1 5h2v5h2.500L12 16l-3.500-4H11z", "#07c160"],
};

export const icon: BuiltIn = {
  properties: { type: String, size: { type: null, value: 23 }, color: String },
  childless: true,
  attach({ element, data }) {
    return () => {
      const [path, color] = ICONS[stringOf(data["type"])] ?? ["", ""];
      const size = `${numberOf(data["size"])}px`;
      element.style.width = size;
      element.style.height = size;
      element.style.background = stringOf(data["color"]) || color;
      const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'><path d='${path}'/></svg>`;
      element.style.mask = `url("data:image/svg+xml,${encodeURIComponent(svg)}") center / contain no-repeat`;
    };
  },
};

export const progress: BuiltIn = {
  properties: {
    percent: { type: null, value: 0 },
    showInfo: Boolean,
    strokeWidth: { type: null, value: 6 },
    borderRadius: { type: null, value: 0 },
    activeColor: { type: String, value: "#09bb07" },
    color: String,
    backgroundColor: { type: String, value: "#ebebeb" },
    active: Boolean,
    activeMode: String,
    duration: Number,
    fontSize: { type: null, value: 16 },
  },
  events: ["activeend"],
  childless: true,
  attach({ element, data }) {
    const track = document.createElement("i");
    const bar = document.createElement("b");
    track.append(bar);
    element.append(track);
    element.setAttribute("role", "progressbar");
    return () => {
      const percent = Math.max(0, Math.min(100, numberOf(data["percent"])));
      element.setAttribute("aria-valuenow", String(percent));
      track.style.height = `${numberOf(data["strokeWidth"])}px`;
      track.style.borderRadius = `${numberOf(data["borderRadius"])}px`;
      track.style.background = stringOf(data["backgroundColor"]);
      bar.style.background = stringOf(data["color"]) || stringOf(data["activeColor"]);
      bar.style.width = `${percent}%`;
      element.dataset["info"] = data["showInfo"] ? `${percent}%` : "";
    };
  },
};
