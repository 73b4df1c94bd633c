/** A value that changes, and who wants to know. */
export interface Cell<T> {
  readonly value: T;
  /** Calls the listener at once with the value, and with each one after it, until the returned function is called. */
  watch(listener: (value: T) => void): () => void;
}
export interface MutableCell<T> extends Cell<T> {
  set(value: T): void;
}

export function openCell<T>(initial: T): MutableCell<T> {
  const listeners = new Set<(value: T) => void>();
  let value = initial;
  return {
    get value() {
      return value;
    },
    watch(listener) {
      // One function may watch twice, and each must be able to leave.
      const own = (value: T) => listener(value);
      listeners.add(own);
      listener(value);
      return () => {
        listeners.delete(own);
      };
    },
    set(next) {
      if (next === value) return;
      value = next;
      for (const listener of Array.from(listeners)) listener(next);
    },
  };
}
