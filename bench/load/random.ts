/** A small seeded generator (mulberry32), so that every run of a bench has the same input. */
export type Random = () => number

/** Numbers from 0 up to but without 1, the same sequence for the same seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A whole number from `least` to `most`; small ones are as likely as large ones, by magnitude. */
export function magnitude(random: Random, least: number, most: number): number {
  return Math.round(least * (most / least) ** random())
}
