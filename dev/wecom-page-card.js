import { make } from "./wecom-page-markdown.js";

/** Of the line above the title (`desc_color`). */
const COLOURS = ["grey", "black", "red", "green"];

/** A template card (button_interaction) as WeCom shows it; `press(key, text)` is called for its buttons. */
export function card(json, press) {
  let content = {};
  try {
    content = JSON.parse(json);
  } catch {
    return [make("div", { className: "plain" }, json)];
  }
  const { source = {}, main_title: title = {}, sub_title_text: text } = content;
  const { horizontal_content_list: lines = [], button_list: buttons = [] } = content;
  const line = (className, words) => (words ? [make("p", { className }, words)] : []);
  const rows = lines.flatMap(({ keyname, value }) => [make("dt", {}, keyname), make("dd", {}, value ?? "")]);
  return [
    ...line(`source ${COLOURS[source.desc_color] ?? "grey"}`, source.desc),
    ...line("title", title.title),
    ...line("desc", title.desc),
    ...line("sub plain", text),
    ...(rows.length > 0 ? [make("dl", {}, ...rows)] : []),
    make("div", { className: "buttons" }, ...buttons.map((button) => buttonOf(button, press))),
  ];
}

function buttonOf({ text, key, style }, press) {
  const element = make("button", { type: "button", className: style === 1 ? "main" : "" }, text ?? "");
  element.addEventListener("click", async () => {
    element.disabled = true;
    await press(key, text);
    element.disabled = false;
  });
  return element;
}
