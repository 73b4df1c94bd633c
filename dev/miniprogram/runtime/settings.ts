import type { ThemeName } from "../compile/package.ts";

/** A code, or where to get a fresh one each time: a web page may have to ask its own server. */
export type CodeSource = string | (() => string | Promise<string>);

/** What surrounds the mini-program: which parts of WeChat are played, and how. */
export interface Settings {
  /** Begin of a socket's or request's address → what it becomes: where `wss://pactgo.cn/` really is. */
  readonly hosts: Readonly<Record<string, string>>;
  /** What wx.login answers; without it each browser profile is a user of its own. */
  readonly loginCode?: CodeSource | undefined;
  /** `wxwork`: inside WeCom, where wx.qy.login answers `memberCode`. */
  readonly environment?: "wxwork" | undefined;
  readonly memberCode?: CodeSource | undefined;
  /** The system's theme; without it the browser's. */
  readonly theme?: ThemeName | undefined;
  /** A line at the top, for people who could take this for WeChat. */
  readonly notice?: string | undefined;
  /** Begins the keys in the browser's storage: two mini-programs on one origin do not meet. */
  readonly storageName: string;
  readonly appId: string;
  readonly version: string;
  /** CSS pixels at the bottom that belong to the system, as on phones without a home button. */
  readonly safeAreaBottom?: number | undefined;
  /** The person has agreed to the privacy contract before. */
  readonly privacyAgreed?: boolean | undefined;
  /** Where the files of the mini-program (images) are, with a slash at the end. */
  readonly assets: string;
}
