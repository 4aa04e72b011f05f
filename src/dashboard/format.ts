/**
 * Figures as text. What was not measured is a dash, never a zero; every figure with a unit has it,
 * and three or four digits: nobody reads more of them in a row of others.
 */

/** What stands where nothing was measured. */
export const NONE = '–'

/** Groups of digits as everywhere in the program's texts, whatever the browser's language. */
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

type Maybe = number | null | undefined

const isKnown = (value: Maybe): value is number => typeof value === 'number' && !Number.isNaN(value)

/** A number with so many decimals that about three digits tell. */
function threeDigits(value: number): string {
  const size = Math.abs(value)
  if (size >= 99.95 || value === 0) return whole.format(value)
  return value.toFixed(size >= 9.995 ? 1 : 2)
}

/** How many: `7`, `1,234`, `12.3 k`, `4.56 M`. */
export function count(value: Maybe): string {
  if (!isKnown(value)) return NONE
  const size = Math.abs(value)
  if (size < 9_999.5) return whole.format(value)
  if (size < 999_500) return `${threeDigits(value / 1e3)} k`
  return size < 999_500_000 ? `${threeDigits(value / 1e6)} M` : `${threeDigits(value / 1e9)} G`
}

/** Every digit: `12,345`. */
export function exact(value: Maybe): string {
  return isKnown(value) ? whole.format(value) : NONE
}

/** So many a second, without the unit: `0.25`, `12.3`, `1,234`, `12.3 k`. */
export function rate(perSecond: Maybe): string {
  if (!isKnown(perSecond)) return NONE
  return perSecond < 999.5 ? threeDigits(perSecond) : count(perSecond)
}

/** The same where most are whole: `27`, `0.50`, `12.3 k`. */
export function wholeRate(perSecond: Maybe): string {
  return Number.isInteger(perSecond) ? count(perSecond) : rate(perSecond)
}

/** A span: `0.42 ms`, `812 ms`, `1.24 s`, `2 m 03 s`, `3 h 20 m`, `2 d 4 h`. */
export function duration(ms: Maybe): string {
  if (!isKnown(ms)) return NONE
  if (ms < 999.5) return `${threeDigits(ms)} ms`
  if (ms < 59_995) return `${threeDigits(ms / 1000)} s`
  const seconds = Math.round(ms / 1000)
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} m ${pad(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${pad(minutes % 60)} m`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** A span in whole seconds and above, for what counts up while one looks: `0 s`, `12 s`. */
export function age(ms: Maybe): string {
  if (!isKnown(ms)) return NONE
  return ms < 59_995 ? `${Math.min(59, Math.max(0, Math.round(ms / 1000)))} s` : duration(ms)
}

/** Memory and traffic: `512 B`, `12.3 KiB`, `4.56 MiB`. */
export function bytes(value: Maybe): string {
  if (!isKnown(value)) return NONE
  if (value < 1024) return `${whole.format(value)} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  let size = value / 1024
  let index = 0
  while (size >= 999.5 && index < units.length - 1) {
    size /= 1024
    index++
  }
  return `${threeDigits(size)} ${units[index]}`
}

/** A part of one: `0 %`, `0.42 %`, `12.3 %`, `100 %`. Neither end is told unless it is reached. */
export function percent(share: Maybe): string {
  if (!isKnown(share)) return NONE
  if (share > 0 && share < 0.0001) return '< 0.01 %'
  if (share < 1 && share > 0.9999) return '> 99.99 %'
  const value = share * 100
  if (value < 1 || (value > 99 && value < 100)) return `${trimZeros(value.toFixed(2))} %`
  return `${trimZeros(value.toFixed(1))} %`
}

/** Micro-dollars: `$0`, `$0.0021`, `$1.24`, `$12,345`. */
export function money(microUsd: Maybe): string {
  if (!isKnown(microUsd)) return NONE
  const dollars = microUsd / 1e6
  if (dollars === 0) return '$0'
  if (dollars < 0.0001) return '< $0.0001'
  if (dollars < 0.995) return `$${dollars.toFixed(4).replace(/0{1,2}$/, '')}`
  return dollars < 9_999.5 ? `$${dollars.toFixed(2)}` : `$${count(dollars)}`
}

/** A time of day, in the zone of who looks: `14:03:07`. */
export function clock(at: Maybe): string {
  if (!isKnown(at)) return NONE
  const time = new Date(at)
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(pad).join(':')
}

/** Day and time, in the zone of who looks: `2026-11-21 14:03:07`. */
export function dayAndClock(at: Maybe): string {
  if (!isKnown(at)) return NONE
  const time = new Date(at)
  const day = [time.getFullYear(), time.getMonth() + 1, time.getDate()].map(pad).join('-')
  return `${day} ${clock(at)}`
}

/** `1 stream`, `2 streams`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${exact(value)} ${value === 1 ? one : many}`
}

/** A code of the program for people: `first_token_timeout` becomes `first token timeout`. */
export function words(code: string): string {
  return code.replaceAll(/[_-]+/g, ' ')
}

const pad = (value: number): string => String(value).padStart(2, '0')

const trimZeros = (text: string): string => text.replace(/\.?0+$/, '')
