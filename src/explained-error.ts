/** An error that a person can do something about: its message says what, in Chinese, and is all that is shown. */
export class ExplainedError extends Error {
  override name = "ExplainedError";
  /** The process' exit code when the program cannot start because of it. */
  readonly exitCode: number = 1;
}
