/** The words of the demo provider: the same seed says the same, on every machine, for ever. */

const sentences = [
  'Water asks for very little: a slope, a bed, and something further down to reach.',
  'A lock is a small room that teaches a boat to climb.',
  'Open the upper gate only when both sides stand level.',
  'The keeper turns the paddle slowly, and the chamber fills without a splash.',
  'Nobody hurries a river, yet it arrives.',
  'When the pound below is full, the sluice waits; when it drains, the sluice lets go.',
  'Each drop leaves in the order in which it came.',
  'At Béziers nine chambers carry a barge down the hillside like a staircase.',
  'Spring melt comes all at once, which is why the reservoir was built in August.',
  'A dam that cannot spill will break, so every good dam has a spillway.',
  'Two streams meet under the bridge and share one bed as far as the sea.',
  'The miller listens to the wheel and knows how high the brook stands.',
  'Reeds slow the current down; herons are grateful for it.',
  'Mark the gauge in the morning, mark it at night, and trust neither rumour nor rain.',
  'What the tide brings in, the tide takes back 🌊, and the harbour keeps its count.',
  'A narrow channel runs fast and a wide one runs deep.',
  'The ferry crosses on a rope, and the rope remembers every crossing.',
  'Clear water shows its stones.',
  'Under the ice the brook keeps talking, only more softly.',
  'If the gate leaks, mend the gate: do not blame the rain.',
  'Barges queue by the towpath, kettles on, in no particular hurry.',
  'The canal forgets nothing; it only settles.',
  'From the café by the weir you can watch the salmon take their stairs.',
  'Measure twice, open once, and stand clear of the balance beam.',
] as const

const tokenized = sentences.map((sentence) => tokenize(` ${sentence}`))

/** The tokens of a text: a word with the space before it, or a mark. Joined, they are the text. */
export function tokenize(text: string): readonly string[] {
  return text.match(/ ?[\p{L}\p{N}']+|\s?[^\p{L}\p{N}\s]+|\s+/gu) ?? []
}

/** Endless tokens of running text. The first has no space in front. */
export function* textTokens(seed: number): Generator<string, never> {
  const random = randomNumbers(seed)
  let last = -1
  for (let first = true; ; first = false) {
    // One less than there are, stepping over the last one: no sentence follows itself.
    const pick = Math.floor(random() * (tokenized.length - (last < 0 ? 0 : 1)))
    last = last >= 0 && pick >= last ? pick + 1 : pick
    const tokens = tokenized[last] ?? []
    for (const [index, token] of tokens.entries()) {
      yield first && index === 0 ? token.trimStart() : token
    }
  }
}

/** A generator of numbers in [0, 1), fixed by `seed`: a 32-bit counter, stirred (SplitMix). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e37_79b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 0x1_0000_0000
  }
}

/** A 32-bit seed made from a text. */
export function seedOf(text: string): number {
  return Bun.hash.xxHash32(text)
}
