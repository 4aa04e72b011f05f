/**
 * What real clients choke on does not reach them. Streams that are legal but unusual, and streams
 * that are wrong in a way that loses nothing, are whole answers to every official SDK; a stream
 * that loses something is an error of the API to it, never a crash, and never a silent end.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { eventually } from '../kit/signal.ts'
import { findPython, Python, pythonVariable } from './choke-python.ts'
import { type SdkReader, scriptReaders } from './choke-readers.ts'
import { ChokeStand, pausing } from './choke-stand.ts'
import { type OddStream, oddChats, oddStreams, type Spoken } from './choke-streams.ts'

const said = 'Hello there'
const found = findPython()
const python = found === null ? null : new Python(found)

let stand: ChokeStand
let beating: ChokeStand
beforeAll(async () => {
  stand = await ChokeStand.start()
  beating = await ChokeStand.start({ STREAM_HEARTBEAT_INTERVAL_MS: '10' })
})
afterEach(async () => {
  await stand.nothingLeft()
  await beating.nothingLeft()
})
afterAll(async () => {
  expect(await python?.stop()).toBe(python === null ? undefined : 0)
  await stand.stop()
  await beating.stop()
})

const streamsOf = (dialect: Spoken): [string, OddStream][] =>
  Object.entries(dialect === 'chat' ? { ...oddStreams, ...oddChats } : oddStreams)

async function expectRead(reader: SdkReader, stream: OddStream, at: ChokeStand): Promise<void> {
  at.answer(stream)
  const outcome = await reader.read(at.url)
  const isLost = reader.isTranslated && stream.cannotBeTranslated === true
  if (stream.comes === 'whole' && !isLost) {
    expect(outcome).toEqual({ text: said, raised: null, isApiError: false })
    return
  }
  expect(outcome).toMatchObject({ raised: expect.any(String), isApiError: true })
  expect(said.startsWith(outcome.text)).toBe(true)
}

function describeReader(reader: SdkReader): void {
  describe(reader.name, () => {
    test.each(streamsOf(reader.provider))('%s', async (_name, stream) => {
      await expectRead(reader, stream, stand)
    })

    test('heartbeats in every place', async () => {
      const before = beating.records.length
      await expectRead(reader, pausing, beating)
      // One in every pause at least, but for those of a machine that has other things to do.
      await eventually(() => beating.records.length > before, 'the record')
      expect(beating.records[before]?.heartbeats ?? 0).toBeGreaterThan(10)
    })
  })
}

for (const reader of scriptReaders) describeReader(reader)

if (python === null) {
  test.skip(`the SDKs of Python (no python3 that has them; ${pythonVariable} names one)`, () => {})
} else {
  for (const reader of python.readers) describeReader(reader)
}
