/** Changes that keep the shape of JSON, of a sequence of frames, or of nothing. */

/** Numbers from 0 up to but without 1; the same sequence for the same seed (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('There is nothing to pick from.')
    return item
  }
}

const keys = [
  ...['type', 'index', 'id', 'text', 'content', 'delta', 'message', 'error', 'usage', 'name'],
  ...['parts', 'tool_calls', 'choices', 'candidates', 'finishReason', 'finish_reason', 'output'],
  ...['item', 'part', 'arguments', 'input', 'signature', 'thinking', 'logprobs', 'citations'],
  ...['function', 'functionCall', 'response', 'status', 'code', '__proto__', 'constructor', ''],
]
const texts = [
  ...['', ' ', 'stop', 'error', 'text', 'null', '{}', '[]', '{"a":', '"', '\\', '[DONE]', '<html>'],
  ...['\u0000', '\ud800', '\udc00x', '\u2028', '\ufeff', '\r\n\r\n', 'data: x\n\n', '😀', 'é'],
  ...['__proto__', 'toString', '-1', '1e999', 'x'.repeat(3000), 'constructor'],
]
const numbers = [0, -0, 1, -1, 2, 0.5, 255, 4096, 2 ** 31, 2 ** 53, -(2 ** 53), 1e308, 1e-7]

/** Any JSON value, small. */
export function anyValue(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 3 ? 5 : 8)
  if (kind === 0) return null
  if (kind === 1) return random.chance(0.5)
  if (kind === 2) return random.pick(numbers)
  if (kind < 5) return random.pick(texts)
  const size = random.below(4)
  if (kind === 5) return Array.from({ length: size }, () => anyValue(random, depth + 1))
  const made = Array.from({ length: size }, () => random.pick(keys))
  return Object.fromEntries(made.map((key) => [key, anyValue(random, depth + 1)]))
}

/** `value` with some of its parts replaced, removed, renamed or doubled. `share` says how many. */
export function mutated(value: unknown, random: Random, share: number): unknown {
  if (random.chance(share)) return replacement(value, random)
  if (Array.isArray(value)) {
    const items = value.map((item) => mutated(item, random, share))
    if (random.chance(share)) items.splice(random.below(items.length + 1), 1)
    return random.chance(share) ? [...items, ...items] : items
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([key, part]) => {
    if (random.chance(share / 2)) return []
    const changed = random.chance(share / 4) ? random.pick(keys) : key
    return [[changed, mutated(part, random, share)] as const]
  })
  if (random.chance(share / 2)) entries.push([random.pick(keys), anyValue(random, 2)])
  return Object.fromEntries(entries)
}

function replacement(value: unknown, random: Random): unknown {
  const kind = random.below(5)
  if (kind === 0) return nested(random.below(40) * random.below(40), value)
  if (typeof value === 'number' && kind < 4) return random.pick([value + 1, -value, ...numbers])
  if (typeof value === 'string' && kind < 4) {
    const at = random.below(value.length + 1)
    return value.slice(0, at) + random.pick(texts) + (random.chance(0.5) ? value.slice(at) : '')
  }
  return anyValue(random)
}

function nested(depth: number, value: unknown): unknown {
  let made = value
  for (let level = 0; level < depth; level += 1) made = level % 2 === 0 ? [made] : { content: made }
  return made
}

const spoilers = ['\n', '\r', '\r\n', '\n\n', '\0', '\ufeff', '"', '\\', '{', ']', 'data:', ': x\n']
const badBytes = [[0xff], [0xc3], [0xe2, 0x82], [0xf0, 0x9f], [0x80], [0xed, 0xa0, 0x80]]

/** `bytes` with a few of them changed, cut out, put in or moved. */
export function spoilt(bytes: Uint8Array, random: Random): Uint8Array {
  let made = Buffer.from(bytes)
  for (let change = random.below(4); change >= 0; change -= 1) {
    const at = random.below(made.length + 1)
    const [before, after] = [made.subarray(0, at), made.subarray(at)]
    const kind = random.below(6)
    if (kind === 0) made = Buffer.from(before)
    else if (kind === 1) made = Buffer.concat([before, after.subarray(random.below(20))])
    else if (kind === 2) made = Buffer.concat([before, Buffer.from(random.pick(spoilers)), after])
    else if (kind === 3) made = Buffer.concat([before, Buffer.from(random.pick(badBytes)), after])
    else if (kind === 4) made = Buffer.concat([after, before])
    else if (at < made.length) made[at] = (made[at] ?? 0) ^ (1 << random.below(8))
  }
  return new Uint8Array(made)
}

/** `items` with some left out, doubled, exchanged, or followed by strangers. */
export function shuffled<Item>(
  items: readonly Item[],
  random: Random,
  stranger: () => Item,
): Item[] {
  const made = [...items]
  for (let change = random.below(5); change > 0; change -= 1) {
    const at = random.below(made.length + 1)
    const kind = random.below(5)
    const item = made[at]
    if (kind === 0) made.splice(at, 1 + random.below(3))
    else if (kind === 1 && item !== undefined) made.splice(random.below(made.length), 0, item)
    else if (kind === 2) made.length = at
    else made.splice(at, 0, stranger())
  }
  return made
}
