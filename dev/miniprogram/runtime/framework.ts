import * as adapter from "glass-easel-miniprogram-adapter";
import type { CompiledPackage } from "../compile/package.ts";
import { nativeUnits } from "../compile/units.ts";
import { textOf } from "./problems.ts";
import type { Problems, Statistics } from "./report.ts";
import { countSetData } from "./statistics.ts";

const { glassEasel, MiniProgramEnv } = adapter;

/** `this` of a page or component of the mini-program. */
export type Caller = adapter.component.GeneralComponent & Record<string, unknown>;
type Template = Parameters<adapter.CodeSpace["addCompiledTemplate"]>[1];
/** The compiled templates by path. */
export type TemplateGroup = Record<string, unknown>;
type Definition = Record<string, unknown>;

/** Defines what a module is for: a page, a component or a behavior. */
export interface Definers {
  Page(definition: Definition): void;
  Component(definition: Definition): void;
  Behavior(definition: Definition): unknown;
}

/** WeChat's component framework with this mini-program's configuration, templates and styles in it. */
export interface Framework {
  readonly space: adapter.glassEasel.ComponentSpace;
  readonly templates: TemplateGroup;
  readonly definers: Definers;
  /** Runs a module that defines the page or component at this path. */
  define(path: string, run: () => void): void;
  createPage(path: string): PageRoot;
}

export interface PageRoot {
  readonly caller: Caller;
  readonly element: HTMLElement;
  attach(parent: HTMLElement): void;
  /** Of the page and of all components in it. */
  triggerPageLifetime(name: "show" | "hide" | "resize"): void;
  release(): void;
}

export function openFramework(
  compiled: CompiledPackage,
  templates: TemplateGroup,
  watched: { problems: Problems; statistics: Statistics },
): Framework {
  const { problems } = watched;
  reportErrors(problems);
  watchSetData(watched);
  translateInlineStyles();
  const environment = new MiniProgramEnv();
  const space = environment.createCodeSpace("", true);
  const backend = environment.associateBackend(new Backend());
  announceReady(space);
  backend.registerStyleSheetContent("app", compiled.styles["app"] ?? "");
  space.addStyleSheet("app", "app");
  for (const [path, config] of Object.entries(compiled.components)) {
    backend.registerStyleSheetContent(path, compiled.styles[path] ?? "");
    space.addStyleSheet(path, path, compiled.scopes[path]);
    space.addComponentStaticConfig(path, config as unknown as adapter.types.ComponentStaticConfig);
    space.addCompiledTemplate(path, {
      groupList: templates,
      content: templates[path],
    } as unknown as Template);
  }
  const { definers, define } = openDefiners(space);
  return {
    space: space.getComponentSpace(),
    templates,
    definers,
    define,
    createPage: (path) => pageRoot(backend.createRoot("page", space, path), path),
  };
}

/** Events come from gestures.ts and from the built-in components; a style sheet is wanted once, not once a page. */
class Backend extends glassEasel.CurrentWindowBackendContext {
  readonly #appended = new Map<string, number>();

  override onEvent(): void {}
  override setListenerStats(): void {}
  override appendStyleSheetPath(path: string, styleScope?: number): number {
    const known = this.#appended.get(path);
    if (known !== undefined) return known;
    const id = super.appendStyleSheetPath(path, styleScope);
    this.#appended.set(path, id);
    return id;
  }
}

function pageRoot(root: adapter.Root, path: string): PageRoot {
  const component = root.getComponent();
  const element = component.$$ as unknown as HTMLElement;
  element.dataset["page"] = path;
  return {
    caller: root.get() as Caller,
    element,
    attach(parent) {
      const placeholder = document.createElement("span");
      parent.append(placeholder);
      root.attach(parent as never, placeholder as never);
    },
    triggerPageLifetime: (name) => component.triggerPageLifetime(name, []),
    release: () => root.release(),
  };
}

const FORM_BEHAVIORS: Readonly<Record<string, Definition>> = {
  "wx://form-field": { properties: { name: String, value: null } },
  "wx://form-field-group": {},
  "wx://form-field-button": {},
  "wx://component-export": {},
};

function openDefiners(space: adapter.CodeSpace): Pick<Framework, "definers" | "define"> {
  let current = "";
  const define = <T>(run: (environment: adapter.ComponentEnv) => T) => space.componentEnv(current, run);
  const behavior = (definition: Definition) =>
    define(({ Behavior }) => Behavior(withBehaviors(definition) as never));
  const native = Object.fromEntries(
    Object.entries(FORM_BEHAVIORS).map(([name, definition]) => [name, behavior(definition)]),
  );
  /** Behaviors of WeChat's own are given by name. */
  function withBehaviors(definition: Definition): Definition {
    const { behaviors } = definition;
    if (!Array.isArray(behaviors)) return definition;
    return {
      ...definition,
      behaviors: behaviors.map((one: unknown) => (typeof one === "string" ? native[one] : one)),
    };
  }
  return {
    define(path, run) {
      const before = current;
      current = path;
      try {
        run();
      } finally {
        current = before;
      }
    },
    definers: {
      Page: (definition) => define(({ Page }) => Page(withBehaviors(definition) as never)),
      Component: (definition) => define(({ Component }) => Component(withBehaviors(definition) as never)),
      Behavior: behavior,
    },
  };
}

/** The framework leaves it to its host to say when a component has been drawn. */
function announceReady(space: adapter.CodeSpace): void {
  const waiting = new Set<adapter.glassEasel.GeneralComponent>();
  const announce = () => {
    const ready = [...waiting];
    waiting.clear();
    for (const component of ready) component.triggerLifetime("ready", []);
  };
  const behavior = space.getComponentSpace().defineBehavior({
    lifetimes: {
      attached(this: adapter.glassEasel.GeneralComponent) {
        if (waiting.size === 0) requestAnimationFrame(announce);
        waiting.add(componentOf(this));
      },
      detached(this: adapter.glassEasel.GeneralComponent) {
        waiting.delete(componentOf(this));
      },
    },
  });
  space.setOverallBehavior(behavior as never);
}

/** Lifetimes are called on what the mini-program sees; the component is behind it. */
function componentOf(caller: unknown): adapter.glassEasel.GeneralComponent {
  return (
    (caller as { _$?: adapter.glassEasel.GeneralComponent })._$ ??
    (caller as adapter.glassEasel.GeneralComponent)
  );
}

function reportErrors(problems: Problems): void {
  glassEasel.addGlobalErrorListener((error, method, component) => {
    const where = typeof component === "string" ? component : (component?.is ?? "");
    problems.report("error", `${where} ${method ?? ""} ${textOf(error)}`);
    return false;
  });
  glassEasel.addGlobalWarningListener((message, component) => {
    // WeChat's own documentation repeats by number.
    if (message.startsWith("Use number as for-list")) return false;
    problems.report("template", `${typeof component === "string" ? component : component.is}: ${message}`);
    return false;
  });
}

function watchSetData({ problems, statistics }: { problems: Problems; statistics: Statistics }): void {
  const prototype = adapter.component.ComponentCaller.prototype as {
    setData(this: Caller, data: Record<string, unknown>, callback?: () => void): void;
  };
  const original = prototype.setData;
  prototype.setData = function setData(data, callback) {
    countSetData(data, this.is, statistics, problems);
    original.call(this, data, callback);
  };
}

/** Inline styles may use rpx as well. */
function translateInlineStyles(): void {
  const original = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function setAttribute(name, value) {
    original.call(this, name, name === "style" ? nativeUnits(value) : value);
  };
}
