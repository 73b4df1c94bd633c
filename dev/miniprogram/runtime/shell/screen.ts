/** The parts of the phone on the page. */
export interface Screen {
  readonly phone: HTMLElement;
  readonly bar: HTMLElement;
  readonly frames: HTMLElement;
  readonly tabs: HTMLElement;
  /** For what lies above the page: toasts. */
  readonly layer: HTMLElement;
  /** CSS pixels of the phone. */
  width(): number;
  height(): number;
  readonly safeAreaBottom: number;
}

export function buildScreen(options: {
  notice?: string | undefined;
  safeAreaBottom?: number | undefined;
}): Screen {
  const { notice, safeAreaBottom } = options;
  const phone = part("div", "mp-phone");
  if (notice !== undefined) {
    const line = part("p", "mp-notice");
    line.textContent = notice;
    phone.append(line);
  }
  if (safeAreaBottom !== undefined) {
    document.documentElement.style.setProperty("--mp-system-bottom", `${safeAreaBottom}px`);
  }
  const bar = part("header", "mp-bar");
  const frames = part("main", "mp-frames");
  const tabs = part("nav", "mp-tabs");
  const layer = part("div", "mp-layer");
  phone.append(bar, frames, tabs, layer);
  document.body.append(phone);
  return {
    phone,
    bar,
    frames,
    tabs,
    layer,
    width: () => phone.clientWidth,
    height: () => phone.clientHeight,
    safeAreaBottom: safeAreaBottom ?? 0,
  };
}

export function part<K extends keyof HTMLElementTagNameMap>(tag: K, name: string): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = name;
  return element;
}
