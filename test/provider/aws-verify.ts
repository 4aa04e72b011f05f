/**
 * The service's side of Signature Version 4, written from AWS's description of it and from nothing
 * of ours: it takes a request as it came over the wire and says what its signature must be.
 */
import { createHash, createHmac } from 'node:crypto'

/** A request as a server gets it. */
export interface ReceivedRequest {
  readonly method: string
  /** The path as it was sent, still percent-encoded. */
  readonly path: string
  readonly headers: Headers
  readonly body: Uint8Array | string
}

const sha256 = (data: Uint8Array | string): string =>
  createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Buffer, data: string): Buffer =>
  createHmac('sha256', key).update(data).digest()

/** Every byte but the unreserved ones and the slash. */
function encodePath(path: string): string {
  return [...new TextEncoder().encode(path)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      const isPlain = /[A-Za-z0-9\-._~/]/.test(character)
      return isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

/** Whether the request carries the right signature of `secret`, and over which headers. */
export function verifySignature(
  { method, path, headers, body }: ReceivedRequest,
  secret: string,
): { readonly valid: boolean; readonly scope: string; readonly signedHeaders: readonly string[] } {
  const authorization = headers.get('authorization') ?? ''
  const [, scope = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
      authorization,
    ) ?? []
  const canonicalHeaders = names
    .split(';')
    .map((name) => `${name}:${(headers.get(name) ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('')
  const declared = headers.get('x-amz-content-sha256')
  const hash = declared === 'UNSIGNED-PAYLOAD' ? declared : sha256(body)
  const canonical = [method, encodePath(path), '', canonicalHeaders, names, hash].join('\n')
  const date = headers.get('x-amz-date') ?? ''
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')
  const [day = '', region = '', service = '', end = ''] = scope.split('/')
  const key = [region, service, end].reduce(
    (current, part) => hmac(current, part),
    hmac(`AWS4${secret}`, day),
  )
  const expected = hmac(key, toSign).toString('hex')
  return { valid: expected === signature, scope, signedHeaders: names.split(';') }
}
