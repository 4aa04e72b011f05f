/** Repeatable randomness: every place that uses it prints the seed in what fails. */
import { createCipheriv, createHash } from 'node:crypto'

/** `IDENTITY_SEED` repeats a run; without it the clock chooses. */
export const seed = Number(Bun.env.IDENTITY_SEED ?? Date.now() % 1_000_000)

/** Whole numbers from 0 up to, and without, `limit`; the same ones for the same name and seed. */
export function randomNumbers(name: string): (limit: number) => number {
  let state = createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE(0)
  return (limit) => {
    // A linear congruence (Numerical Recipes); its high bits are good enough to choose offsets by.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/**
 * Offsets at which to cut `length` bytes: mostly short pieces, some of one byte, some long, so
 * that cuts fall inside names, characters, line ends and chunks of many events alike.
 */
export function randomOffsets(length: number, name: string): number[] {
  const next = randomNumbers(name)
  const longest = Math.max(16, Math.floor(length / 40))
  const offsets: number[] = []
  for (let at = 0; at < length; ) {
    at += 1 + next([1, 16, longest][next(3)] ?? 1)
    offsets.push(at)
  }
  return offsets
}

/** Random bytes, in blocks, without ever having all of them in memory. */
export function* randomBlocks(
  lengthBytes: number,
  name: string,
  blockBytes = 256 * 1024,
): Generator<Uint8Array> {
  const key = createHash('sha256').update(`${seed} ${name}`).digest().subarray(0, 16)
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(blockBytes)
  for (let left = lengthBytes; left > 0; left -= blockBytes) {
    yield new Uint8Array(cipher.update(zeros.subarray(0, Math.min(blockBytes, left))))
  }
}

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Iterable<Uint8Array> | Uint8Array): string {
  const hash = new Bun.CryptoHasher('sha256')
  if (bytes instanceof Uint8Array) hash.update(bytes)
  else for (const block of bytes) hash.update(block)
  return hash.digest('hex')
}
