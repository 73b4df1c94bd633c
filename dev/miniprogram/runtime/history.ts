/** The browser's history in step with the stack of pages; the page on top is the address's fragment. */
export interface BrowserHistory {
  /** The page that the address names when the app starts. */
  readonly initial: string | undefined;
  push(url: string, depth: number): void;
  replace(url: string, depth: number): void;
  /** Goes back without telling of it. */
  back(count: number): void;
  /** Tells of moves by the browser's own buttons: the depth of the stack there, and the page. */
  onMoved(listener: (depth: number, url: string) => void): void;
}

interface State {
  readonly depth: number;
}

export function openHistory(): BrowserHistory {
  let ignored = 0;
  /** What is to be done once the browser is back, which takes it a moment. */
  const waiting: (() => void)[] = [];
  const now = () => location.hash.slice(1);
  const afterwards = (act: () => void) => {
    if (ignored > 0) waiting.push(act);
    else act();
  };
  const listeners = new Set<(depth: number, url: string) => void>();
  window.addEventListener("popstate", (event) => {
    if (ignored > 0) {
      ignored -= 1;
      while (ignored === 0) {
        const act = waiting.shift();
        if (!act) return;
        act();
      }
      return;
    }
    const { depth = 1 } = (event.state as State | null) ?? {};
    for (const listener of listeners) listener(depth, now());
  });
  return {
    initial: now() === "" ? undefined : now(),
    push: (url, depth) => afterwards(() => history.pushState({ depth } satisfies State, "", `#${url}`)),
    replace: (url, depth) => afterwards(() => history.replaceState({ depth } satisfies State, "", `#${url}`)),
    back(count) {
      if (count <= 0) return;
      afterwards(() => {
        ignored += 1;
        history.go(-count);
      });
    },
    onMoved: (listener) => {
      listeners.add(listener);
    },
  };
}
