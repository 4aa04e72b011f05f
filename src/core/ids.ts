/** A request id: `req_` and 24 random base-36 characters, unguessable and safe in headers. */
export function requestId(): string {
  return `req_${randomText(24)}`
}

/** `length` random characters of `0-9a-z`, from the system's random source. */
export function randomText(length: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  let text = ''
  // The bias of 256 mod 36 costs less than half a bit over 24 characters.
  for (const byte of bytes) text += (byte % 36).toString(36)
  return text
}
