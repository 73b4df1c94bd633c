/** `warning`: it works, or may, but somebody should look. Only `failed` makes the exit code 1. */
export type Level = "ok" | "warning" | "failed";

/** What a check has found out. Texts are Chinese, for an administrator, and hold no secret. */
export interface Finding {
  /** Which check: stable, for programs that read the JSON. */
  readonly check: string;
  readonly level: Level;
  /** The check's name for people. */
  readonly title: string;
  readonly message: string;
  /** What to do. */
  readonly advice?: string;
}

/** Makes the findings of one check. */
export interface About {
  ok(message: string): Finding;
  warning(message: string, advice: string): Finding;
  failed(message: string, advice: string): Finding;
}

export function about(check: string, title: string): About {
  return {
    ok: (message) => ({ check, level: "ok", title, message }),
    warning: (message, advice) => ({ check, level: "warning", title, message, advice }),
    failed: (message, advice) => ({ check, level: "failed", title, message, advice }),
  };
}
