/** Pictures and files: addresses, base64 in `data:` addresses, and ids. */
import type { MediaSource } from '../hub/request.ts'

/** What an address says; a `data:` address holds the bytes themselves. */
export function readAddress(url: string, mediaType: string | null = null): MediaSource {
  if (!url.startsWith('data:')) return { kind: 'url', url, mediaType }
  const comma = url.indexOf(',')
  const head = comma === -1 ? '' : url.slice('data:'.length, comma)
  const isBase64 = head.endsWith(';base64')
  const type = (isBase64 ? head.slice(0, -';base64'.length) : head) || 'text/plain'
  const data = url.slice(comma + 1)
  return { kind: 'base64', mediaType: type, data: isBase64 ? data : base64OfText(data) }
}

/** Bytes as a `data:` address. */
export function writeAddress(mediaType: string, data: string): string {
  return `data:${mediaType};base64,${data}`
}

/** The media type that a file's name stands for; a general one where it says nothing. */
export function typeOfName(filename: string | null): string {
  const ending = /\.([a-z0-9]+)$/i.exec(filename ?? '')?.[1]?.toLowerCase()
  if (ending === 'pdf' || filename === null) return 'application/pdf'
  return ending === 'txt' || ending === 'md' ? 'text/plain' : 'application/octet-stream'
}

/** Text of a `data:` address without base64 is percent-encoded, more or less. */
function base64OfText(text: string): string {
  try {
    return Buffer.from(decodeURIComponent(text)).toString('base64')
  } catch {
    return Buffer.from(text).toString('base64')
  }
}
