/** Repeatable randomness: a test that fails prints its seed. */

/** Numbers in `[0, 1)` from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** `INTAKE_SEED`, to repeat a run; else one of the clock. */
export function testSeed(): number {
  return Number(process.env.INTAKE_SEED ?? Date.now() % 1_000_000)
}

/** One of the items. */
export function pick<Item>(random: () => number, items: readonly [Item, ...Item[]]): Item {
  return items[Math.floor(random() * items.length)] ?? items[0]
}

const characters = ['a', 'Z', ' ', '"', '\\', '/', '\n', '\t', '\u0001', 'é', '漢', '😀', '}', ':']

/** A string of characters that JSON has to escape, or could. */
export function randomString(random: () => number): string {
  const length = Math.floor(random() * 8)
  return Array.from({ length }, () => pick(random, ['x', ...characters])).join('')
}

/** A JSON text of any value, with random white space and random ways to write its strings. */
export function randomJson(random: () => number, depth = 0): string {
  const space = () => pick(random, ['', '', '', ' ', '\n', '\t ', '\r\n'])
  const roll = depth > 4 ? random() * 0.6 : random()
  if (roll < 0.15) return pick(random, ['true', 'false', 'null'])
  if (roll < 0.35) {
    return pick(random, ['0', '-0', '1.0', '1e400', '-12.5E-3', '9007199254740993', '7', '1E+2'])
  }
  if (roll < 0.6) return randomStringText(random, randomString(random))
  const count = Math.floor(random() * 4)
  const items = Array.from({ length: count }, () => {
    const value = `${space()}${randomJson(random, depth + 1)}${space()}`
    if (roll < 0.8) return value
    const name = pick(random, ['model', 'stream', '__proto__', 'a', randomString(random)])
    return `${space()}${randomStringText(random, name)}${space()}:${value}`
  })
  return roll < 0.8 ? `[${items.join(',') || space()}]` : `{${items.join(',') || space()}}`
}

/** `text` as JSON, some characters of it as escapes that were not needed. */
export function randomStringText(random: () => number, text: string): string {
  let written = ''
  for (const unit of text.split('')) {
    const hex = unit.charCodeAt(0).toString(16).padStart(4, '0')
    const isSurrogate = /[\ud800-\udfff]/.test(unit)
    if (random() < 0.15 && !isSurrogate) written += `\\u${random() < 0.5 ? hex : hex.toUpperCase()}`
    else if (unit === '/' && random() < 0.5) written += '\\/'
    else written += isSurrogate ? unit : JSON.stringify(unit).slice(1, -1)
  }
  return `"${written}"`
}
