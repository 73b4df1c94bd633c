import type { Cell } from "../utils/cell";

const leaving = new WeakMap<object, (() => void)[]>();

/** For pages and components: watches cells for as long as they live. */
export const watching = Behavior({
  methods: {
    /** Calls the listener at once and with each later value, until this page or component is gone. */
    watchCell<T>(cell: Cell<T>, listener: (value: T) => void): void {
      const leaves = leaving.get(this) ?? [];
      leaving.set(this, [...leaves, cell.watch(listener)]);
    },
  },
  lifetimes: {
    detached() {
      for (const leave of leaving.get(this) ?? []) leave();
      leaving.delete(this);
    },
  },
});
