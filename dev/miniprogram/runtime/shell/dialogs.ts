import { part } from "./screen.ts";

export interface ModalOptions {
  readonly title?: string;
  readonly content?: string;
  readonly showCancel?: boolean;
  readonly cancelText?: string;
  readonly confirmText?: string;
  readonly cancelColor?: string;
  readonly confirmColor?: string;
  readonly editable?: boolean;
  readonly placeholderText?: string;
}

/** Dialogs over the page. Each is a `<dialog>`: the browser keeps the focus in it, and Escape closes it. */
export interface Dialogs {
  modal(options: ModalOptions): Promise<{ confirm: boolean; content: string }>;
  /** Resolves with the place of what was chosen; undefined when it was cancelled. */
  choose(title: string, items: readonly string[], color?: string): Promise<number | undefined>;
  /** Asks for a date or a time. */
  field(
    title: string,
    options: { type: "date" | "time"; value: string; min: string; max: string },
  ): Promise<string | undefined>;
}

export function openDialogs(): Dialogs {
  return {
    async modal(options) {
      const { title = "", content = "", editable = false, placeholderText = "" } = options;
      const text = editable ? part("textarea", "mp-dialog-field") : part("p", "mp-dialog-text");
      if (text instanceof HTMLTextAreaElement) {
        text.value = content;
        text.placeholder = placeholderText;
        text.setAttribute("aria-label", title || placeholderText || "输入");
      } else text.textContent = content;
      const answer = await ask(
        "mp-modal",
        title,
        editable || content !== "" ? [text] : [],
        modalButtons(options),
      );
      return {
        confirm: answer === "confirm",
        content: text instanceof HTMLTextAreaElement ? text.value : "",
      };
    },
    async choose(title, items, color) {
      const buttons = items.map((text, at) => ({ answer: String(at), text, color }));
      const answer = await ask(
        "mp-sheet",
        title,
        [],
        [...buttons, { answer: "", text: "取消", color: undefined }],
      );
      return answer === "" ? undefined : Number(answer);
    },
    async field(title, { type, value, min, max }) {
      const field = part("input", "mp-dialog-field");
      Object.assign(field, { type, value, min, max });
      field.setAttribute("aria-label", title || (type === "date" ? "日期" : "时间"));
      const answer = await ask("mp-sheet", title, [field], modalButtons({}));
      return answer === "confirm" ? field.value : undefined;
    },
  };
}

interface DialogButton {
  readonly answer: string;
  readonly text: string;
  readonly color: string | undefined;
}

function modalButtons(options: ModalOptions): DialogButton[] {
  const { showCancel = true, cancelText = "取消", confirmText = "确定", cancelColor, confirmColor } = options;
  const cancel = { answer: "", text: cancelText, color: cancelColor };
  return [...(showCancel ? [cancel] : []), { answer: "confirm", text: confirmText, color: confirmColor }];
}

/** Resolves with the answer of the button that was pressed, or with "". */
async function ask(
  look: "mp-modal" | "mp-sheet",
  title: string,
  content: readonly HTMLElement[],
  buttons: readonly DialogButton[],
): Promise<string> {
  const dialog = part("dialog", look);
  const heading = part("h2", "mp-dialog-title");
  heading.textContent = title;
  if (title !== "") dialog.append(heading);
  const described = title || (content[0]?.textContent ?? "") || "请选择";
  dialog.setAttribute("aria-label", described);
  dialog.append(...content);
  const row = part("div", "mp-dialog-buttons");
  row.append(...buttons.map((button) => buttonElement(dialog, button)));
  dialog.append(row);
  if (look === "mp-sheet") {
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog) dialog.close("");
    });
  }
  // Escape leaves the value as it was.
  dialog.returnValue = "";
  document.body.append(dialog);
  dialog.showModal();
  if (content[0] instanceof HTMLTextAreaElement) content[0].focus();
  return await new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

function buttonElement(dialog: HTMLDialogElement, { answer, text, color }: DialogButton): HTMLButtonElement {
  const button = part("button", answer === "" ? "mp-dialog-cancel" : "mp-dialog-confirm");
  button.type = "button";
  button.textContent = text;
  if (color !== undefined) button.style.color = color;
  button.addEventListener("click", () => dialog.close(answer));
  return button;
}
