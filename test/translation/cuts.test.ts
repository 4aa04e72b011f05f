/**
 * Every recording reads the same however it is cut. Whole and one byte a chunk, the events are
 * compared as they are and folded. Cut in two at every offset of the first 4 KB, the frames are
 * compared, for a reader is given nothing else, and the events at every 61st of these offsets.
 */
import { expect, test } from 'bun:test'
import { collect } from '../../src/protocol/hub/collect.ts'
import { describeWithFixtures } from '../kit/fixtures.ts'
import { decode, framesOf, type Recording, recordings } from './originals.ts'

const offsetMax = 4_096

/** A little more than the first 4 KB: a cut changes nothing behind the frame that it is in. */
const headBytes = offsetMax + 1_024

/** A prime, so that the cuts fall into all parts of repeating frames. */
const eventStride = 61

function* oneByOne(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1) yield bytes.subarray(at, at + 1)
}

function expectSameFrames(recording: Recording, head: Uint8Array): void {
  const whole = JSON.stringify(framesOf(recording, [head]))
  for (let at = 1; at < Math.min(offsetMax, head.length); at += 1) {
    const cut = JSON.stringify(framesOf(recording, [head.subarray(0, at), head.subarray(at)]))
    if (cut !== whole) expect(`cut at ${at}: ${cut}`).toBe(whole)
  }
}

function expectSameEvents(recording: Recording, head: Uint8Array): void {
  const whole = decode(recording, [head], false)
  for (let at = 1; at < Math.min(offsetMax, head.length); at += eventStride) {
    const cut = decode(recording, [head.subarray(0, at), head.subarray(at)], false)
    if (!Bun.deepEquals(cut, whole)) expect([at, cut]).toEqual([at, whole])
  }
}

describeWithFixtures('recordings that are cut', () => {
  test.each(recordings().map((recording) => [recording.name, recording] as const))(
    '%s',
    (_name, recording) => {
      const { bytes } = recording
      const whole = decode(recording, [bytes])
      const single = decode(recording, oneByOne(bytes))
      expect(whole.length).toBeGreaterThan(0)
      expect(single).toEqual([...whole])
      expect(collect(single)).toEqual(collect(whole))
      const head = bytes.subarray(0, headBytes)
      expectSameFrames(recording, head)
      expectSameEvents(recording, head)
    },
    60_000,
  )
})
