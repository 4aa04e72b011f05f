/**
 * The conformance table: streams, and the events that a browser makes of them. Most of it restates
 * facts of the web platform tests (`eventsource/format-*`); the row numbers are those of the table
 * that the program was specified by, and rows that are about connections are in other files here.
 */

/** An event as a row expects it: its data, and its name and id where they are not the default. */
export interface ExpectedEvent {
  readonly data: string
  readonly type?: string
  readonly id?: string
}

/** One stream. */
export interface Row {
  readonly row: number
  readonly input: Uint8Array
  readonly events: readonly ExpectedEvent[]
  /** The `Last-Event-ID` of the next connection, where it is not the last event's. */
  readonly lastEventId?: string
  readonly retryMs?: number
  /**
   * What the end of the body makes an event of although its blank line is missing. A browser drops
   * it; LLM servers that die after the last line feed are common, and every SDK takes it.
   */
  readonly unended?: string
  /** Whether some bytes are not UTF-8. */
  readonly notText?: true
}

/** Bytes of a text in which each character up to U+00FF is a byte. */
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

const row = (
  number: number,
  input: string | Uint8Array,
  events: readonly (string | ExpectedEvent)[],
  more: Omit<Row, 'row' | 'input' | 'events'> = {},
): Row => ({
  row: number,
  input: typeof input === 'string' ? bytes(input) : input,
  events: events.map((event) => (typeof event === 'string' ? { data: event } : event)),
  ...more,
})

const BOM = '\xEF\xBB\xBF'
const long = 'x'.repeat(2048)
const nulIds = ['\0\0', 'x\0', '\0x', 'x\0x', ' \0']
const badRetries = ['-1', ' 1.5', '1e3', '\u0661'].map((value) =>
  utf8(`retry:${value}\ndata:x\n\n`),
)
const replaced = '\uFFFD'

/** Rows 1 to 21: what the web platform tests have. */
const platformRows: readonly Row[] = [
  row(1, `${BOM}data:1\n\n${BOM}data:2\n\ndata:3\n\n`, ['1', '3']),
  row(2, `${BOM}${BOM}data:1\n\ndata:2\n\ndata:3\n\n`, ['2', '3']),
  row(3, `data:1\r:\0\n:\r\ndata:2\n:${long}\rdata:3\n:data:fail\r:${long}\ndata:4\n\n`, [
    '1\n2\n3\n4',
  ]),
  row(4, 'retry:1000\ndata:test1\n\nid:test\ndata:test2\n', ['test1'], {
    retryMs: 1000,
    unended: 'test2',
  }),
  row(5, 'data:\n\ndata\ndata\n\ndata:test\n\n', ['', '\n', 'test']),
  row(
    6,
    'data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\n' +
      'data:3\rdata:\r\n data:32\ndata:4\n\n',
    ['\0\n 2\n1\n3\n\n4'],
  ),
  row(7, 'event:test\ndata:x\n\ndata:x\n\n', [{ data: 'x', type: 'test' }, 'x']),
  row(8, 'event: \ndata:data\n\n', ['data']),
  row(9, 'id: 1\ndata: 1\n\ndata:2\n\n', [
    { data: '1', id: '1' },
    { data: '2', id: '1' },
  ]),
  row(10, 'id: 1\ndata: 1\n\nid: 2\ndata:2\n\ndata:3\n\n', [
    { data: '1', id: '1' },
    { data: '2', id: '2' },
    { data: '3', id: '2' },
  ]),
  row(11, 'id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n', [{ data: '1', id: '1' }, '2', '3']),
  ...nulIds.map((id) => row(12, `id:${id}\ndata:x\n\n`, ['x'])),
  row(13, utf8('id:\u2026\ndata:x\n\n'), [{ data: 'x', id: '\u2026' }]),
  row(14, 'retry:03000\ndata:x\n\n', ['x'], { retryMs: 3000 }),
  row(15, 'retry:2000\nretry:1000x\ndata:x\n\n', ['x'], { retryMs: 2000 }),
  row(16, 'retry:1500\n\nretry\ndata:test\n\n', ['test'], { retryMs: 1500 }),
  row(17, 'data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n', [
    'test\n\ntest',
  ]),
  row(18, 'data:\ttest\rdata: \ndata:test\n\n', ['\ttest\n\ntest']),
  row(19, 'data:test\r\ndata\ndata:test\r\n\r\n', ['test\n\ntest']),
  row(20, 'data:\0\n\n', ['\0']),
  row(21, 'data:ok \xE2\x80\xA6\n\n', ['ok \u2026']),
  row(
    26,
    'data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n',
    ['msg\nmsg', '', 'end'],
  ),
]

/** Rows 27 to 44: what providers and networks do besides. */
const ownRows: readonly Row[] = [
  row(27, 'data:a\r\n\r\n', ['a']),
  row(28, 'data:a\r\r', ['a']),
  row(29, 'data:a\n\r\n', ['a']),
  row(29, 'data:a\r\n\n', ['a']),
  row(29, 'data:a\n\r', ['a']),
  row(30, utf8('data:a\u{1F30A}b\n\n'), ['a\u{1F30A}b']),
  row(30, `${BOM}data:\xF0\x9F\x8C\x8A\n\n`, ['\u{1F30A}']),
  row(31, 'data:a\xFF\xFEb\n\ndata:c\n\n', [`a${replaced.repeat(2)}b`, 'c'], { notText: true }),
  row(31, 'data:\xC0\xAF\n\ndata:c\n\n', [replaced.repeat(2), 'c'], { notText: true }),
  row(31, 'data:\xED\xA0\x80\n\ndata:c\n\n', [replaced.repeat(3), 'c'], { notText: true }),
  row(31, 'data:\xF0\x9F\n\ndata:c\n\n', [replaced, 'c'], { notText: true }),
  row(32, 'id:7\n\ndata:x\n\n', [{ data: 'x', id: '7' }]),
  row(33, 'event:x\n\ndata:y\n\n', ['y']),
  row(34, 'data: a: b\n\n', ['a: b']),
  row(34, 'data:: x\n\n', [': x']),
  row(34, ':data: x\n\n', []),
  ...badRetries.map((input) => row(35, input, ['x'])),
  row(35, `retry:${'9'.repeat(400)}\ndata:x\n\n`, ['x'], { retryMs: Number.MAX_SAFE_INTEGER }),
  row(36, utf8('data:a\u2028b\u2029c\u0085d\ve\ff\u2028data:\n\n'), [
    'a\u2028b\u2029c\u0085d\ve\ff\u2028data:',
  ]),
  row(37, 'DATA:x\n\ndata :x\n\n data:x\n\ndata:y\n\n', ['y']),
  row(42, 'data: 1\n\ndata: [DONE]', ['1'], { unended: '[DONE]' }),
  row(42, 'data: 1\n\ndata: [DONE]\n', ['1'], { unended: '[DONE]' }),
  row(42, 'data:[DONE]\n\ndata: [DONE] \n\n', ['[DONE]', '[DONE] ']),
  row(43, 'data:a\r\n\r\ndata:b\n\ndata:c\r\rdata:d\ndata:e\r\n\n', ['a', 'b', 'c', 'd\ne']),
  row(44, 'data: {"a":\ndata: 1}\n\n', ['{"a":\n1}']),
]

/** All rows that are about what a stream says. */
export const rows: readonly Row[] = [...platformRows, ...ownRows]
