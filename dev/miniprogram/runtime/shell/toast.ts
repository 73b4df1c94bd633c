import { part } from "./screen.ts";

export interface ToastOptions {
  readonly title: string;
  readonly icon?: "success" | "error" | "loading" | "none";
  /** Milliseconds; a loading notice stays until it is hidden. */
  readonly duration?: number | undefined;
  /** Nothing below it can be tapped. */
  readonly mask?: boolean;
}

/** The one small notice over the page. */
export interface Toasts {
  show(options: ToastOptions): void;
  hide(): void;
}

export function openToasts(layer: HTMLElement): Toasts {
  const toast = part("div", "mp-toast");
  toast.setAttribute("role", "status");
  const picture = part("i", "mp-toast-icon");
  const text = part("span", "mp-toast-text");
  toast.append(picture, text);
  toast.hidden = true;
  layer.append(toast);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hide = () => {
    clearTimeout(timer);
    toast.hidden = true;
    layer.classList.remove("mp-masked");
  };
  return {
    show({ title, icon = "success", duration, mask = false }) {
      clearTimeout(timer);
      text.textContent = title;
      toast.dataset["icon"] = icon;
      layer.classList.toggle("mp-masked", mask);
      toast.hidden = false;
      if (duration !== undefined) timer = setTimeout(hide, duration);
    },
    hide,
  };
}
