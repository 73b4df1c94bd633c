type Hook = "onLoad" | "onShow" | "onHide" | "onUnload";
type Lifetime = (this: HookedPage, ...given: unknown[]) => unknown;

/** What a hook knows of its page. */
export interface HookedPage {
  readonly is: string;
  readonly data: Readonly<Record<string, unknown>>;
  setData(data: Record<string, unknown>): void;
}

/**
 * The options of a page whose lifetimes do something more, before what they do anyway. Functions instead of a Behavior:
 * what a Behavior's own lifetimes do is documented for Component() only, of Page() it shares data and methods.
 */
export function withHooks<Options extends object>(
  options: Options,
  hooks: Readonly<Partial<Record<Hook, (page: HookedPage) => void>>>,
): Options {
  const own = options as Readonly<Partial<Record<string, Lifetime>>>;
  const lifetimes = Object.entries(hooks).map(([name, hook]): [string, Lifetime] => [
    name,
    function (...given) {
      hook(this);
      return own[name]?.apply(this, given);
    },
  ]);
  return { ...options, ...Object.fromEntries(lifetimes) };
}
