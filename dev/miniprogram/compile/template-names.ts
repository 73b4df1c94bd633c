/** Templates of the built-in components: with what is inside them, and without. */
export const SLOT_TEMPLATE = "builtin/slot";
export const EMPTY_TEMPLATE = "builtin/empty";
