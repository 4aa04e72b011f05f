/** Media types, where a dialect names a format or an address instead. */

/** OpenAI's word for an audio type, or null for what is no audio. */
export function audioFormatOf(mediaType: string): string | null {
  const subtype = /^audio\/(?:x-)?([a-z0-9.+-]+)/i.exec(mediaType)?.[1]?.toLowerCase()
  if (subtype === undefined) return null
  return subtype === 'mpeg' ? 'mp3' : subtype
}

/** The media type of an audio format. */
export function audioType(format: string): string {
  return `audio/${format}`
}

const typesByEnding: ReadonlyMap<string, string> = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['heic', 'image/heic'],
  ['heif', 'image/heif'],
  ['pdf', 'application/pdf'],
  ['txt', 'text/plain'],
  ['csv', 'text/csv'],
  ['html', 'text/html'],
  ['md', 'text/markdown'],
  ['mp3', 'audio/mp3'],
  ['wav', 'audio/wav'],
  ['mp4', 'video/mp4'],
  ['webm', 'video/webm'],
])

/** What the ending of an address says, or null where it says nothing. */
export function typeOfAddress(url: string): string | null {
  const ending = /\.([a-z0-9]{2,5})(?:[?#]|$)/i.exec(url)?.[1]
  return ending === undefined ? null : (typesByEnding.get(ending.toLowerCase()) ?? null)
}
