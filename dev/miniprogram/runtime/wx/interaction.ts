import type { Dialogs, ModalOptions } from "../shell/dialogs.ts";
import type { ToastOptions, Toasts } from "../shell/toast.ts";
import { wxFunction } from "./call.ts";
import type { Privacy } from "./privacy.ts";

const TOAST_MS = 1500;
const MAX_SHEET_ITEMS = 6;

/** Toasts, dialogs, the clipboard, a buzz. */
export function interactionFunctions({
  dialogs,
  toasts,
  privacy,
  copied,
}: {
  dialogs: Dialogs;
  toasts: Toasts;
  privacy: Privacy;
  copied(text: string): void;
}): Readonly<Record<string, unknown>> {
  return {
    showToast: wxFunction("showToast", (options) => {
      toasts.show({ duration: TOAST_MS, ...(options as unknown as ToastOptions) });
    }),
    hideToast: wxFunction("hideToast", () => toasts.hide()),
    showLoading: wxFunction("showLoading", (options) => {
      toasts.show({ ...(options as unknown as ToastOptions), icon: "loading", duration: undefined });
    }),
    hideLoading: wxFunction("hideLoading", () => toasts.hide()),
    showModal: wxFunction("showModal", async (options) => {
      const { confirm, content } = await dialogs.modal(options as ModalOptions);
      return { confirm, cancel: !confirm, ...(options["editable"] === true && confirm ? { content } : {}) };
    }),
    showActionSheet: wxFunction("showActionSheet", async ({ itemList, itemColor, alertText }) => {
      const items = (itemList ?? []) as string[];
      if (items.length === 0 || items.length > MAX_SHEET_ITEMS) throw new Error("parameter error: itemList");
      const tapIndex = await dialogs.choose(
        typeof alertText === "string" ? alertText : "",
        items,
        itemColor as string | undefined,
      );
      if (tapIndex === undefined) throw new Error("cancel");
      return { tapIndex };
    }),
    setClipboardData: wxFunction("setClipboardData", async ({ data }) => {
      await privacy.require("setClipboardData");
      copied(String(data));
      toasts.show({ title: "内容已复制", duration: TOAST_MS });
    }),
    vibrateShort: wxFunction("vibrateShort", () => {
      // Only a phone has the means, and only after a touch may it.
      if (navigator.userActivation.hasBeenActive) navigator.vibrate?.(15);
    }),
    hideKeyboard: wxFunction("hideKeyboard", () => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    }),
  };
}
