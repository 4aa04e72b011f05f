/** The input of the benches is what they say it is: a bench over wrong input measures nothing. */
import { describe, expect, test } from 'bun:test'
import { createParser } from 'eventsource-parser'
import { magnitude, randomFrom } from '../../bench/load/random.ts'
import { makeStream, type StreamShape } from '../../bench/load/streams.ts'

const shape: StreamShape = {
  seed: 1,
  bodyBytes: 200_000,
  textBytes: [16, 8192],
  pieceBytes: [512, 64 * 1024],
}

const sha256 = (bytes: Uint8Array): string =>
  new Bun.CryptoHasher('sha256').update(bytes).digest('hex')

describe('a stream of the benches', () => {
  test('is the same for the same seed, whole and in pieces', () => {
    const [first, second] = [makeStream(shape), makeStream(shape)]
    expect(sha256(first.body)).toBe(sha256(second.body))
    expect(first.pieces.map(sha256)).toEqual(second.pieces.map(sha256))
  })

  test('is another one for another seed', () => {
    expect(sha256(makeStream(shape).body)).not.toBe(sha256(makeStream({ ...shape, seed: 2 }).body))
  })

  test('is of the size that was asked for, give or take an event', () => {
    const { body } = makeStream(shape)
    expect(body.length).toBeGreaterThanOrEqual(shape.bodyBytes)
    expect(body.length).toBeLessThan(shape.bodyBytes + 12_000)
  })

  test('is made of its pieces, and all but the last end inside an event', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { body, pieces } = makeStream({ ...shape, seed })
      expect(sha256(Buffer.concat(pieces))).toBe(sha256(body))
      expect(pieces.length).toBeGreaterThan(5)
      const inside = pieces.slice(0, -1).filter((piece) => piece.at(-1) !== 10)
      expect(inside.length).toBe(pieces.length - 1)
    }
  })

  test('is a complete answer: JSON events, a finish, usage and the end marker', () => {
    const { body, events } = makeStream(shape)
    const data: string[] = []
    createParser({ onEvent: (event) => data.push(event.data) }).feed(Buffer.from(body).toString())
    expect(data.at(-1)).toBe('[DONE]')
    const values = data.slice(0, -1).map((text) => JSON.parse(text))
    expect(values.length).toBe(events)
    expect(values.at(-2).choices[0].finish_reason).toBe('stop')
    expect(values.at(-1).usage.completion_tokens).toBe(values.length - 3)
  })

  test('has events of every magnitude', () => {
    const { body } = makeStream(shape)
    const lengths = Buffer.from(body)
      .toString()
      .split('\n\n')
      .map((event) => event.length)
    for (const [least, most] of [
      [0, 400],
      [400, 1000],
      [1000, 4000],
      [4000, 9000],
    ] as const) {
      expect(lengths.filter((length) => length >= least && length < most).length).toBeGreaterThan(3)
    }
  })
})

describe('the random numbers of the benches', () => {
  test('are the same for the same seed and spread over 0 to 1', () => {
    const [first, second] = [randomFrom(7), randomFrom(7)]
    const values = Array.from({ length: 2000 }, first)
    expect(Array.from({ length: 2000 }, second)).toEqual(values)
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
    const mean = values.reduce((total, value) => total + value, 0) / values.length
    expect(mean).toBeGreaterThan(0.45)
    expect(mean).toBeLessThan(0.55)
  })

  test('keep to the bounds of a magnitude', () => {
    const random = randomFrom(7)
    const values = Array.from({ length: 2000 }, () => magnitude(random, 10, 1000))
    expect(Math.min(...values)).toBeGreaterThanOrEqual(10)
    expect(Math.max(...values)).toBeLessThanOrEqual(1000)
    // As many below the geometric mean as above it.
    expect(values.filter((value) => value < 100).length).toBeGreaterThan(900)
  })
})
