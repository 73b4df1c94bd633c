import type { Screen } from "./screen.ts";
import { part } from "./screen.ts";

export interface BarLook {
  readonly title: string;
  readonly background: string;
  /** "black" or "white", or a colour. */
  readonly text: string;
  readonly leading: "back" | "home" | "none";
  /** The page draws its own. */
  readonly hidden: boolean;
}

/** The navigation bar: title, and the way back. */
export function buildBar(screen: Screen, actions: { back(): void; home(): void }): (look: BarLook) => void {
  const leading = part("button", "mp-leading");
  leading.type = "button";
  const title = part("h1", "mp-title");
  screen.bar.append(leading, title);
  let act = actions.back;
  leading.addEventListener("click", () => act());
  return (look) => {
    screen.bar.hidden = look.hidden;
    screen.bar.style.background = look.background;
    screen.bar.style.color = look.text;
    title.textContent = look.title;
    document.title = look.title;
    leading.hidden = look.leading === "none";
    leading.dataset["leading"] = look.leading;
    leading.setAttribute("aria-label", look.leading === "home" ? "回到首页" : "返回");
    act = look.leading === "home" ? actions.home : actions.back;
  };
}
