/**
 * The conformance table, each row cut at every place, on everything that reads or relays events:
 * the deframer (streams that are translated), the finder with `eventData` (streams that pass), and
 * the inspector, whose output a browser must read as it would have read the input.
 */
import { describe, expect, test } from 'bun:test'
import { opaque } from '../../src/protocol/opaque.ts'
import { readAsBrowser } from './event-source.ts'
import { type Row, rows } from './rows.ts'
import { cutOut, dataOf, deframed, everyCut, inspected } from './ways.ts'

const BOM = [0xef, 0xbb, 0xbf]

/** What a browser makes of bytes, in the words of a row. */
function asRow(bytes: Uint8Array): Omit<Row, 'row' | 'input'> {
  const { events, lastEventId, retryMs } = readAsBrowser(bytes)
  return {
    events: events.map(({ type, data, lastEventId: id }) => ({ data, type, id })),
    lastEventId,
    retryMs: retryMs ?? 0,
  }
}

const expected = ({ events, lastEventId, retryMs }: Row): Omit<Row, 'row' | 'input'> => ({
  events: events.map(({ data, type = 'message', id = '' }) => ({ data, type, id })),
  lastEventId: lastEventId ?? events.at(-1)?.id ?? '',
  retryMs: retryMs ?? 0,
})

/** Two marks stay, so that no reader takes the second one for the first (row 2). */
function withoutMark(input: Uint8Array): Uint8Array {
  const isMarkedAt = (at: number) => BOM.every((byte, index) => input[at + index] === byte)
  return isMarkedAt(0) && !isMarkedAt(BOM.length) ? input.subarray(BOM.length) : input
}

test('the table has every row that is about what a stream says', () => {
  const elsewhere = [22, 23, 24, 25, 38, 39, 40, 41]
  const all = Array.from({ length: 44 }, (_, index) => index + 1)
  const here = new Set(rows.map(({ row }) => row))
  expect(all.filter((row) => !here.has(row))).toEqual(elsewhere)
})

const named = rows.map((row, index): [string, Row] => {
  const earlier = rows.slice(0, index).filter((other) => other.row === row.row).length
  return [`row ${row.row}${earlier === 0 ? '' : `, stream ${earlier + 1}`}`, row]
})

describe.each(named)('%s', (_name, row) => {
  const names = row.events.map(({ data, type = 'message' }) => ({ data, event: type }))
  const unended = row.unended === undefined ? [] : [{ data: row.unended, event: 'message' }]
  const plain = (frames: readonly { event: string | null; data: string }[]) =>
    frames.map(({ event, data }) => ({ data, event: event ?? 'message' }))

  test('is what the standard says', () => {
    for (const { how, chunks } of everyCut(row.input)) {
      expect([how, asRow(Buffer.concat(chunks))]).toEqual([how, expected(row)])
      if (row.input.length > 1000) break
    }
  })

  test('the deframer gives these events, each with its last byte', () => {
    for (const { how, chunks } of everyCut(row.input)) {
      const { frames, atEnd } = deframed(chunks)
      expect([how, plain(frames)]).toEqual([how, names])
      expect([how, plain(atEnd)]).toEqual([how, unended])
    }
  })

  test('the finder cuts them out and loses no byte', () => {
    const data = row.events.map((event) => event.data)
    const texts = row.notText ? data.map((text) => (text.includes('\uFFFD') ? null : text)) : data
    for (const { how, chunks } of everyCut(withoutMark(row.input))) {
      const { events, rest } = cutOut(chunks)
      expect([how, dataOf(events)]).toEqual([how, texts])
      expect([how, Buffer.concat([...events, rest])]).toEqual([how, Buffer.concat(chunks)])
    }
  })

  test('the inspector passes it byte for byte, without its mark', () => {
    const bytes = Buffer.from(withoutMark(row.input))
    for (const { how, chunks } of everyCut(row.input)) {
      const { out, atEnd, failure } = inspected(opaque, chunks)
      expect([how, Buffer.concat([out, atEnd]).toString('latin1')]).toEqual([
        how,
        bytes.toString('latin1'),
      ])
      expect([how, failure, asRow(out)]).toEqual([how, null, expected(row)])
    }
  })
})
