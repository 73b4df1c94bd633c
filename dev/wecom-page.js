import { card } from "./wecom-page-card.js";
import { inline, make, markdown } from "./wecom-page-markdown.js";

const STATES = {
  sending: "发送中…",
  retrying: "网关未应答，重试中…",
  delivered: "已送达网关",
  failed: "未送达：网关三次都没有接收",
};
const SUGGESTIONS = [
  "你好，介绍一下你自己",
  "用三句话说明什么是大语言模型",
  "/task 写一份本周工作总结的提纲",
];
const COLOURS = ["#e8833a", "#2aa198", "#c75d8a", "#5b8c3e", "#7a6ac8", "#3a87c7"];
const TIME_GAP_MS = 5 * 60_000;
const names = new Map([
  ["zhangsan", "张三"],
  ["lisi", "李四"],
  ["wangwu", "王五"],
]);
const byId = (id) => document.getElementById(id);
const on = (target, type, listener) => target.addEventListener(type, listener);
const log = byId("log");
const compose = byId("compose");
const field = compose.elements.text;
let member = new URLSearchParams(location.hash.slice(1)).get("member") || "zhangsan";
/** What is shown: id → the item and its element. */
let items = new Map();
let source;

const nameOf = (id) => names.get(id) ?? id;
const clock = (at) => new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });

function avatarOf(id) {
  const colour = COLOURS[[...id].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % COLOURS.length];
  const face = make("div", { className: "avatar", ariaHidden: "true" }, nameOf(id).slice(-1).toUpperCase());
  face.style.background = colour;
  return face;
}

function contentOf({ id, type, content }) {
  if (type === "markdown") return make("div", { className: "bubble" }, ...markdown(content));
  if (type === "template_card")
    return make(
      "div",
      { className: "bubble card" },
      ...card(content, (key, label) => post("press", { id, key, label })),
    );
  return make("div", { className: "bubble plain" }, ...inline(content, false));
}

function elementOf(item) {
  const state = STATES[item.state] ?? "";
  if (item.type === "event") {
    const known = item.content === "enter_agent" ? "进入了应用" : item.label && `点击了「${item.label}」`;
    const what = known ? `${nameOf(member)} ${known}` : `事件 ${item.content}`;
    return make(
      "div",
      { className: "notice" },
      make("span", { className: item.state }, `${what} · ${state}`),
    );
  }
  const mine = item.from === "member";
  const note = mine ? state : item.cut ? "超过 2048 字节，企业微信截断了后面的内容" : "";
  const notes = note ? [make("div", { className: `note ${item.state ?? ""}` }, note)] : [];
  const face = mine ? avatarOf(member) : make("div", { className: "avatar app", ariaHidden: "true" }, "智");
  return make(
    "div",
    { className: `row ${mine ? "member-side" : ""}`, title: new Date(item.at).toLocaleString("zh-CN") },
    face,
    make("div", { className: "body" }, contentOf(item), ...notes),
  );
}

const atBottom = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;
function toBottom() {
  log.scrollTop = log.scrollHeight;
  byId("newer").hidden = true;
}

/** Shows a new item, or what became of a known one. */
function put(item) {
  const follow = atBottom() || (item.from === "member" && item.state === "sending");
  const known = items.get(item.id);
  const element = elementOf(item);
  if (known) known.element.replaceWith(element);
  else {
    log.querySelector(".empty")?.remove();
    const last = [...items.values()].at(-1)?.item.at ?? 0;
    if (item.at - last > TIME_GAP_MS) log.append(make("div", { className: "time" }, clock(item.at)));
    log.append(element);
  }
  items.set(item.id, { item, element });
  if (follow) toBottom();
  else if (!known && item.from === "app") byId("newer").hidden = false;
}

function showEmpty() {
  const suggestions = SUGGESTIONS.map((text) =>
    make("button", { type: "button", onclick: () => send(text) }, text),
  );
  const hint = make("span", {}, "在下面输入消息，或者从一个例子开始");
  log.replaceChildren(
    make(
      "div",
      { className: "empty" },
      make("div", { className: "avatar app" }, "智"),
      make("b", {}, "和智控未来聊聊"),
      hint,
      make("div", {}, ...suggestions),
    ),
  );
}

function connect() {
  source?.close();
  source = new EventSource(`events?member=${encodeURIComponent(member)}`);
  const say = (text, off) => {
    byId("connection").textContent = text;
    byId("connection").className = off ? "off" : "";
  };
  say("正在连接…", true);
  on(source, "open", () => say(`${nameOf(member)} · 消息实时更新`, false));
  on(source, "message", ({ data }) => put(JSON.parse(data)));
  on(source, "error", ({ target }) => {
    say("连接中断，正在重连…", true);
    // A browser gives up after an answer that is not a stream.
    if (target.readyState === EventSource.CLOSED) setTimeout(() => target === source && connect(), 2_000);
  });
}

function switchTo(id) {
  member = id;
  if (!names.has(id)) names.set(id, id);
  history.replaceState(null, "", `#member=${encodeURIComponent(id)}`);
  items = new Map();
  byId("newer").hidden = true;
  showEmpty();
  showMembers();
  connect();
  field.focus({ preventScroll: true });
}

function showMembers() {
  byId("members").replaceChildren(
    ...[...names].map(([id, name]) => {
      const text = make("span", {}, make("b", {}, name), make("small", {}, id));
      const button = make(
        "button",
        { type: "button", className: "member", onclick: () => switchTo(id) },
        avatarOf(id),
        text,
      );
      button.setAttribute("aria-current", String(id === member));
      return button;
    }),
  );
  const other = make("option", { value: "" }, "其他成员…");
  byId("as").replaceChildren(
    ...[...names].map(([id, name]) => make("option", { value: id, selected: id === member }, name)),
    other,
  );
}

async function post(path, body) {
  const problem = byId("problem");
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ member, ...body }),
    });
    const { error } = response.ok ? {} : await response.json();
    problem.textContent = error ?? "";
  } catch {
    problem.textContent = "演示程序没有应答，请确认它还在运行。";
  }
  problem.hidden = problem.textContent === "";
  return problem.hidden;
}
const send = (text) => post("send", { text });

function fit() {
  field.style.height = "";
  field.style.height = `${Math.min(Math.max(field.scrollHeight + 2, field.offsetHeight), 168)}px`;
  compose.elements.go.disabled = field.value.trim() === "";
}
if (matchMedia("(min-width: 721px)").matches) field.placeholder = "发消息…（回车发送，Shift + 回车换行）";
on(field, "input", fit);
on(field, "keydown", (event) => {
  // While an input method is composing, Enter picks a word.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  compose.requestSubmit();
});
on(compose, "submit", async (event) => {
  event.preventDefault();
  const text = field.value;
  if (text.trim() === "") return;
  field.value = "";
  fit();
  if (!(await send(text)) && field.value === "") {
    field.value = text;
    fit();
  }
});
on(byId("enter"), "click", () => post("event", { event: "enter_agent" }));
on(byId("newer"), "click", toBottom);
on(log, "scroll", () => {
  if (atBottom()) byId("newer").hidden = true;
});
on(document.querySelector(".other"), "submit", (event) => {
  event.preventDefault();
  switchTo(event.target.elements.member.value);
  event.target.reset();
});
on(byId("as"), "change", ({ target }) => {
  const id = target.value || prompt("成员账号（字母、数字和 _ - @ .）", "")?.trim();
  if (id && /^[\w.@-]{1,64}$/.test(id)) switchTo(id);
  else showMembers();
});

async function showParts() {
  const parts = await (await fetch("parts")).json();
  const banner = byId("parts");
  for (const { name, standIn, note } of parts) {
    const chip = make(
      "span",
      { className: standIn ? "chip" : "chip real" },
      name,
      make("i", {}, standIn ? "替身" : "真实"),
    );
    banner.querySelector("summary").append(chip);
    banner
      .querySelector("dl")
      .append(make("dt", {}, name), make("dd", {}, `${standIn ? "替身" : "真实"}：${note}`));
  }
  banner.hidden = parts.length === 0;
}

switchTo(member);
showParts().catch(() => {});
