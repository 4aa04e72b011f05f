/** The kinds of value that are addresses. */
import { isIP, isIPv4 } from 'node:net'
import { type Kind, kind } from './kinds.ts'

/** An address to listen on: an IP address or a host name, without a port. */
export const host: Kind<string> = kind(
  'must be an IP address or a host name, without scheme and port',
  (value) => {
    const bare = /^\[(.*)\]$/.exec(value)?.[1] ?? value
    if (isIP(bare) !== 0) return bare
    return /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(value) ? value.toLowerCase() : undefined
  },
)

/** Where a provider's API is. Credentials belong in the key, so that no log can show them. */
export const baseUrl: Kind<string | null> = kind(
  'must be an http or https address without credentials, query and fragment',
  (value) => {
    if (value === '') return null
    const url = urlOf(value)
    if (url === null || url.username !== '' || url.password !== '') return undefined
    return /[?#]/.test(value) ? undefined : url.href.replace(/\/+$/, '')
  },
)

/** A proxy between this program and the providers; its credentials usually stand in the address. */
export const proxyUrl: Kind<string | null> = kind(
  'must be the http or https address of a proxy, without path, query and fragment',
  (value) => {
    if (value === '') return null
    const url = urlOf(value)
    return url?.pathname === '/' && !/[?#]/.test(value) ? url.href : undefined
  },
)

/** A Redis server; the password usually stands in the address. */
export const redisUrl: Kind<string | null> = kind(
  'must be a redis:// or rediss:// address',
  (value) => {
    if (value === '') return null
    const url = URL.parse(value)
    return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== ''
      ? value
      : undefined
  },
)

/** An http or https address, or null. */
export function urlOf(value: string): URL | null {
  const url = URL.parse(value)
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' ? url : null
}

/** Whether only programs on this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}
