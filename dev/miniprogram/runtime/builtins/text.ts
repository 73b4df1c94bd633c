import { glassEasel } from "glass-easel-miniprogram-adapter";
import { type BuiltIn, type Host, stringOf } from "./built-in.ts";

export const text: BuiltIn = {
  properties: {
    userSelect: Boolean,
    selectable: Boolean,
    space: String,
    decode: Boolean,
    overflow: String,
    maxLines: { type: Number, value: 0 },
  },
  attach({ element, data }) {
    return () => {
      element.classList.toggle("mp-selectable", Boolean(data["userSelect"]) || Boolean(data["selectable"]));
      element.classList.toggle("mp-spaces", stringOf(data["space"]) !== "");
    };
  },
};

/** The elements that rich-text shows. https://developers.weixin.qq.com/miniprogram/dev/component/rich-text.html */
const ELEMENTS = new Set(
  `a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em
fieldset font footer h1 h2 h3 h4 h5 h6 header hr i img ins label legend li mark nav ol p pre q rt ruby s section small
span strong sub sup table tbody td tfoot th thead tr tt u ul`.split(/\s+/),
);
const ATTRIBUTES = /^(style|width|height|alt|src|colspan|rowspan|span|start|type|dir|align|size|color|face)$/;
const ENTITIES: Readonly<Record<string, string>> = {
  "&nbsp;": "\u00a0",
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
  "&quot;": '"',
  "&apos;": "'",
};

interface RichNode {
  readonly type?: string;
  readonly text?: string;
  readonly name?: string;
  readonly attrs?: Readonly<Record<string, unknown>>;
  readonly children?: readonly RichNode[];
}

export const richText: BuiltIn = {
  properties: {
    nodes: { type: null, value: "" },
    space: String,
    userSelect: Boolean,
    mode: String,
    previewImageWithTap: Boolean,
  },
  childless: true,
  attach(host) {
    const { element, data } = host;
    return (changed) => {
      element.classList.toggle("mp-selectable", Boolean(data["userSelect"]));
      element.classList.toggle("mp-spaces", stringOf(data["space"]) !== "");
      if (changed !== "" && changed !== "nodes") return;
      const { nodes } = data;
      element.replaceChildren(
        typeof nodes === "string" ? parsed(nodes, host) : built((nodes ?? []) as readonly RichNode[], host),
      );
    };
  },
};

function built(nodes: readonly RichNode[], host: Host): DocumentFragment {
  const fragment = document.createDocumentFragment();
  for (const node of nodes) {
    if (node.type === "text") fragment.append(decoded(node.text ?? ""));
    else if (node.name !== undefined && ELEMENTS.has(node.name.toLowerCase()))
      fragment.append(builtElement(node, host));
  }
  return fragment;
}

function builtElement(node: RichNode, host: Host): HTMLElement {
  const element = document.createElement(stringOf(node.name).toLowerCase());
  for (const [name, value] of Object.entries(node.attrs ?? {}))
    setAttribute(element, name, stringOf(value), host);
  element.append(built(node.children ?? [], host));
  return element;
}

function parsed(html: string, host: Host): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = html;
  clean(template.content, host);
  return template.content;
}

function clean(parent: ParentNode, host: Host): void {
  for (const element of parent.children) {
    if (!(element instanceof HTMLElement) || !ELEMENTS.has(element.localName)) {
      element.remove();
      continue;
    }
    const attributes = [...element.attributes].map(({ name, value }) => [name, value] as const);
    for (const [name] of attributes) element.removeAttribute(name);
    for (const [name, value] of attributes) setAttribute(element, name, value, host);
    clean(element, host);
  }
}

function setAttribute(element: HTMLElement, name: string, value: string, host: Host): void {
  if (name === "class") element.className = scoped(value, host);
  else if (ATTRIBUTES.test(name) && !/^\s*javascript:/i.test(value)) element.setAttribute(name, value);
}

/** A class is that of the component whose template the rich text stands in. */
function scoped(classes: string, { component }: Host): string {
  const owner = component.ownerShadowRoot?.getHostNode();
  const scope = owner?.getComponentOptions().styleScope;
  const manager = owner?.getRootBehavior().ownerSpace.styleScopeManager;
  const prefix = scope === undefined || scope === null ? undefined : manager?.queryName(scope);
  if (!prefix || scope === glassEasel.StyleScopeManager.globalScope()) return classes;
  return classes.replace(/[^\s]+/g, (name) => `${prefix}--${name}`);
}

function decoded(text: string): string {
  return text.replace(/&(nbsp|lt|gt|amp|quot|apos);/g, (entity) => ENTITIES[entity] ?? entity);
}
