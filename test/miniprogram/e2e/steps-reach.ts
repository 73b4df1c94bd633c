import type { Page } from "playwright-core";

/** CSS pixels: what a finger hits, by WeChat's and the platforms' guidelines. */
const TAP_PX = 44;

// The tests have no DOM types, so what runs in the browser is text.
const FIND = `(async () => {
  const moving = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime !== Infinity);
  await Promise.all(moving.map((one) => one.finished));
  const CONTROL = "[role=button],[role=link],[role=tab],[role=switch],[role=radio],[role=checkbox],[role=textbox]," +
    "[data-mp-tap],button,input,textarea,a,[contenteditable]";
  const top = document.querySelector(".mp-top");
  const found = [];
  const isShown = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && getComputedStyle(element).visibility === "visible";
  };
  const textOf = (element) => (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().slice(0, 30);
  const what = (element) => element.localName + " " + (element.getAttribute("role") ?? "") + " “" + textOf(element) + "”";

  // A link within a line of text is as high as the line.
  const isInText = (element) => element.localName === "text" || getComputedStyle(element).display === "inline";
  // What is drawn small may be hit around itself: an element's own ::after reaches as far as it says.
  const reach = (element) => {
    const box = element.getBoundingClientRect();
    const after = getComputedStyle(element, "::after");
    if (after.content === "none" || after.position !== "absolute") return box;
    return { width: Math.max(box.width, parseFloat(after.width)), height: Math.max(box.height, parseFloat(after.height)) };
  };
  for (const element of top.querySelectorAll(CONTROL)) {
    if (!isShown(element) || isInText(element) || element.closest("[aria-hidden=true]")) continue;
    const { width, height } = reach(element);
    if (width < ${TAP_PX} - 0.5 || height < ${TAP_PX} - 0.5)
      found.push(what(element) + " is " + Math.round(width) + "×" + Math.round(height) + " px");
  }
  const width = top.clientWidth;
  // What floats over a page that scrolls comes to lie over one control or another of it.
  const scroller = top.querySelector(".mp-scroller");
  const controls = [...top.querySelectorAll(CONTROL)].filter(isShown);
  for (const floating of [...top.querySelectorAll("*")].filter((one) => getComputedStyle(one).position === "fixed")) {
    const over = floating.getBoundingClientRect();
    const isSmall = over.width < width && over.height < scroller.clientHeight;
    if (!isShown(floating) || !isSmall || scroller.scrollHeight <= scroller.clientHeight) continue;
    const under = controls.find((element) => {
      const { left, right } = element.getBoundingClientRect();
      return right > over.left && left < over.right && !floating.contains(element) && !element.contains(floating);
    });
    if (under) found.push(what(floating) + " comes to lie over " + what(under));
  }
  const scrolls = (element) => ["auto", "scroll", "hidden"].includes(getComputedStyle(element).overflowX);
  for (const element of top.querySelectorAll("*")) {
    if (!isShown(element)) continue;
    const { left, right } = element.getBoundingClientRect();
    if (left >= -0.5 && right <= width + 0.5) continue;
    let around = element.parentElement;
    while (around && around !== top && !(scrolls(around) && !around.classList.contains("mp-scroller"))) around = around.parentElement;
    if (around === top || !around) found.push(what(element) + " sticks out: " + Math.round(left) + "–" + Math.round(right) + " of " + width + " px");
  }
  return found;
})()`;

/** What of the page on top is too small for a finger, is covered by something that floats, or does not fit in its width. */
export function outOfReach(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(FIND);
}

interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly properties?: readonly { readonly name: string; readonly value: { readonly value: unknown } }[];
}

const CONTROLS = new Set([
  "button",
  "link",
  "tab",
  "switch",
  "radio",
  "checkbox",
  "textbox",
  "combobox",
  "image",
  "dialog",
]);

/** Controls and pictures without a name in the browser's accessibility tree, which is what a screen reader reads. */
export async function nameless(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = (await session.send("Accessibility.getFullAXTree")) as unknown as { nodes: AxNode[] };
  await session.detach();
  return nodes
    .filter(
      ({ ignored, role, name }) =>
        !ignored && CONTROLS.has(role?.value ?? "") && (name?.value ?? "").trim() === "",
    )
    .map(({ role, properties }) => `${role?.value} without a name ${JSON.stringify(properties ?? [])}`);
}
