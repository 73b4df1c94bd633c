/** app.json, as far as it is read here. Colours and paths may be `@name` of theme.json. */
export interface AppConfig {
  readonly pages: readonly string[];
  readonly window?: WindowConfig;
  readonly tabBar?: TabBarConfig;
  readonly usingComponents?: Readonly<Record<string, string>>;
  readonly darkmode?: boolean;
  readonly themeLocation?: string;
  readonly __usePrivacyCheck__?: boolean;
}

export interface WindowConfig {
  readonly navigationBarTitleText?: string;
  readonly navigationBarBackgroundColor?: string;
  readonly navigationBarTextStyle?: string;
  readonly navigationStyle?: "default" | "custom";
  readonly backgroundColor?: string;
  readonly backgroundTextStyle?: string;
  readonly enablePullDownRefresh?: boolean;
  /** CSS pixels from the bottom. */
  readonly onReachBottomDistance?: number;
  readonly disableScroll?: boolean;
}

export interface TabBarConfig {
  readonly color: string;
  readonly selectedColor: string;
  readonly backgroundColor: string;
  readonly borderStyle?: string;
  readonly list: readonly TabConfig[];
}

export interface TabConfig {
  readonly pagePath: string;
  readonly text: string;
  readonly iconPath?: string;
  readonly selectedIconPath?: string;
}

/** The JSON beside a page or a component; the paths of components are absolute in it. */
export interface ComponentConfig extends WindowConfig {
  readonly component?: boolean;
  readonly styleIsolation?: string;
  readonly usingComponents: Readonly<Record<string, string>>;
  readonly componentGenerics?: Readonly<Record<string, true | { default?: string }>>;
}

export type ThemeName = "light" | "dark";

/** A mini-program as the browser is given it: data, and beside it the code of its modules and templates. */
export interface CompiledPackage {
  readonly app: AppConfig;
  /** theme.json */
  readonly themes: Readonly<Partial<Record<ThemeName, Readonly<Record<string, string>>>>>;
  /** Pages and components by path. */
  readonly components: Readonly<Record<string, ComponentConfig>>;
  /** CSS by the path of a page or a component, and of `app`. */
  readonly styles: Readonly<Record<string, string>>;
  /** What stands before `--` in the class names of an isolated component. */
  readonly scopes: Readonly<Record<string, string>>;
  /** Events that components of the mini-program trigger by themselves. */
  readonly ownEvents: readonly string[];
  /** What WeChat's tools would refuse, as `file:line:column what`. */
  readonly problems: readonly string[];
}

export interface CompiledModule {
  /** Its path without an extension. */
  readonly id: string;
  readonly code: string;
}

/** All that is served to the browser. */
export interface CompiledMiniProgram {
  readonly package: CompiledPackage;
  /** A JavaScript expression: the template group, with the globals of WXS bound. */
  readonly templates: string;
  readonly modules: readonly CompiledModule[];
}
