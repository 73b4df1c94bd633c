import type { CompiledPackage } from "../compile/package.ts";
import type { TemplateGroup } from "./framework.ts";
import type { ModuleFactory } from "./modules.ts";
import type { Settings } from "./settings.ts";
import { startPhone } from "./phone.ts";

declare global {
  interface Window {
    /** Set by the scripts before this one. */
    readonly __mpSettings: Settings;
    readonly __mpPackage: CompiledPackage;
    readonly __mpTemplates: TemplateGroup;
    readonly __mpModules: ReadonlyMap<string, ModuleFactory>;
    __mp?: ReturnType<typeof startPhone>;
  }
}

window.__mp = startPhone({
  settings: window.__mpSettings,
  compiled: window.__mpPackage,
  templates: window.__mpTemplates,
  modules: window.__mpModules,
});
