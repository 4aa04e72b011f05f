import { describe, expect, test } from 'bun:test'
import {
  age,
  bytes,
  clock,
  count,
  counted,
  dayAndClock,
  duration,
  exact,
  money,
  NONE,
  percent,
  rate,
  wholeRate,
  words,
} from '../../src/dashboard/format.ts'

type Rows = readonly (readonly [value: number, text: string])[]

/** What each function says of a value. */
const table: Readonly<Record<string, readonly [(value: number | null) => string, Rows]>> = {
  count: [
    count,
    [
      [0, '0'],
      [7, '7'],
      [9_999, '9,999'],
      [10_000, '10.0 k'],
      [12_345, '12.3 k'],
      [999_499, '999 k'],
      [999_600, '1.00 M'],
      [4_560_000, '4.56 M'],
      [999_600_000, '1.00 G'],
    ],
  ],
  exact: [exact, [[1_234_567, '1,234,567']]],
  rate: [
    rate,
    [
      [0, '0'],
      [0.25, '0.25'],
      [12.34, '12.3'],
      [99.96, '100'],
      [1_234, '1,234'],
      [12_345, '12.3 k'],
    ],
  ],
  wholeRate: [
    wholeRate,
    [
      [27, '27'],
      [0.5, '0.50'],
      [12_345, '12.3 k'],
    ],
  ],
  duration: [
    duration,
    [
      [0, '0 ms'],
      [0.424, '0.42 ms'],
      [9.996, '10.0 ms'],
      [812.4, '812 ms'],
      [999.6, '1.00 s'],
      [59_990, '60.0 s'],
      [60_000, '1 m 00 s'],
      [123_400, '2 m 03 s'],
      [3_600_000 * 3 + 60_000 * 20, '3 h 20 m'],
      [3_600_000 * 52, '2 d 4 h'],
    ],
  ],
  age: [
    age,
    [
      [-40, '0 s'],
      [400, '0 s'],
      [12_300, '12 s'],
      [59_600, '59 s'],
      [60_400, '1 m 00 s'],
    ],
  ],
  bytes: [
    bytes,
    [
      [0, '0 B'],
      [1023, '1,023 B'],
      [1024, '1.00 KiB'],
      [12_595, '12.3 KiB'],
      [1023 * 1024, '1.00 MiB'],
      [5 * 2 ** 30, '5.00 GiB'],
      [2 ** 55, '32,768 TiB'],
    ],
  ],
  percent: [
    percent,
    [
      [0, '0 %'],
      [0.000_01, '< 0.01 %'],
      [0.0042, '0.42 %'],
      [0.123, '12.3 %'],
      [0.5, '50 %'],
      [0.9995, '99.95 %'],
      [0.999_99, '> 99.99 %'],
      [1, '100 %'],
    ],
  ],
  money: [
    money,
    [
      [0, '$0'],
      [20, '< $0.0001'],
      [2_100, '$0.0021'],
      [500_000, '$0.50'],
      [1_239_999, '$1.24'],
      [12_345_600_000, '$12.3 k'],
    ],
  ],
}

describe('figures as text', () => {
  for (const [name, [format, rows]] of Object.entries(table)) {
    test(name, () => {
      expect(rows.map(([value]) => format(value))).toEqual(rows.map(([, text]) => text))
      expect(format(null)).toBe(NONE)
      expect(format(Number.NaN)).toBe(NONE)
    })
  }

  test('times of day are those of who looks', () => {
    const at = new Date(2026, 10, 5, 4, 3, 7).getTime()
    expect(clock(at)).toBe('04:03:07')
    expect(dayAndClock(at)).toBe('2026-11-05 04:03:07')
    expect(clock(null)).toBe(NONE)
    expect(dayAndClock(undefined)).toBe(NONE)
  })

  test('one is one, and codes are words', () => {
    expect(counted(1, 'stream')).toBe('1 stream')
    expect(counted(1_200, 'stream')).toBe('1,200 streams')
    expect(counted(0, 'entry', 'entries')).toBe('0 entries')
    expect(words('first_token_timeout')).toBe('first token timeout')
    expect(words('half-open')).toBe('half open')
  })
})
