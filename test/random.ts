/** A seeded generator (mulberry32): the same seed gives the same run again. */
export interface Random {
  readonly seed: number;
  /** From `min` up to, not including, `max`. */
  between(min: number, max: number): number;
}

/** The seed comes from CLAW_TEST_SEED, or from the clock; tests print it. */
export function openRandom(seed = Number(process.env["CLAW_TEST_SEED"] ?? Date.now() % 1_000_000)): Random {
  let state = seed >>> 0;
  return {
    seed,
    between(min, max) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return min + (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * (max - min);
    },
  };
}
