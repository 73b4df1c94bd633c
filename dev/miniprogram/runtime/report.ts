/** What is wrong with the mini-program, or would be in WeChat. */
export type ProblemKind =
  | "compile"
  | "template"
  | "wx"
  | "component"
  | "set-data"
  | "error"
  | "rejection"
  | "listener"
  | "socket"
  | "storage"
  | "console";

export interface Problem {
  readonly kind: ProblemKind;
  readonly text: string;
}

export interface Problems {
  report(kind: ProblemKind, text: string): void;
  list(): readonly Problem[];
}

/** What the logic layer sends to the view. */
export interface SetDataStatistics {
  calls: number;
  /** Of JSON in UTF-8. */
  bytes: number;
  largest: number;
}

/** How a page came to be shown. */
export interface PageStatistics {
  readonly path: string;
  /** setData calls of the page and its components until it was first shown. */
  readonly firstRenderCalls: number;
  readonly firstRenderMs: number;
}

export interface Statistics {
  readonly setData: SetDataStatistics;
  readonly pages: PageStatistics[];
}
