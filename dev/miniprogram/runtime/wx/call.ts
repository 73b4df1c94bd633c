/** What every wx function takes beside its own options. */
export interface Callbacks {
  readonly success?: (result: Record<string, unknown>) => void;
  readonly fail?: (error: { errMsg: string }) => void;
  readonly complete?: (result: Record<string, unknown>) => void;
}
export type Options = Readonly<Record<string, unknown>> & Callbacks;
type Result = Record<string, unknown> | undefined | void;

/**
 * A wx function: with callbacks it answers by them, without any by a promise, as WeChat's do. What `run` throws is the
 * reason in `errMsg`.
 */
export function wxFunction(name: string, run: (options: Options) => Promise<Result> | Result) {
  return (options: Options = {}): Promise<Record<string, unknown>> | undefined => {
    const answer = settle(name, options, run);
    if (!options.success && !options.fail && !options.complete) return answer;
    // The callbacks have told of it.
    answer.catch(() => undefined);
    return undefined;
  };
}

async function settle(
  name: string,
  options: Options,
  run: (options: Options) => Promise<Result> | Result,
): Promise<Record<string, unknown>> {
  try {
    const result = { errMsg: `${name}:ok`, ...(await run(options)) };
    finish(options.success, result);
    finish(options.complete, result);
    return result;
  } catch (error) {
    const failure = { errMsg: `${name}:fail ${error instanceof Error ? error.message : String(error)}` };
    finish(options.fail, failure);
    finish(options.complete, failure);
    // oxlint-disable-next-line typescript/only-throw-error -- WeChat rejects with this object
    throw failure;
  }
}

/** What a callback throws is its own failure and no answer's. */
function finish<T>(callback: ((value: T) => void) | undefined, value: T): void {
  try {
    callback?.(value);
  } catch (error) {
    reportError(error);
  }
}
