/** Who wants to hear of something. */
export interface Listeners<T> {
  /** Returns a function that ends it. */
  add(listener: (value: T) => void): () => void;
  tell(value: T): void;
}

export function openListeners<T>(): Listeners<T> {
  const all = new Set<(value: T) => void>();
  return {
    add(listener) {
      // One function may listen twice, and each must be able to leave.
      const own = (value: T) => listener(value);
      all.add(own);
      return () => {
        all.delete(own);
      };
    },
    tell(value) {
      for (const listener of Array.from(all)) tellOne(listener, value);
    },
  };
}

/** One page's mistake must not keep the others from hearing; WeChat reports it. */
function tellOne<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    setTimeout(() => {
      throw error;
    }, 0);
  }
}
