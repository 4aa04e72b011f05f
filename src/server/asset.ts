/** A file that a browser loads: compressed once, when it is first asked for, and cached. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** On a thread of the pool: a megabyte of script would hold every stream up for 50 ms. */
const compress = promisify(gzip)

interface Loaded {
  readonly gzipped: Uint8Array<ArrayBuffer>
  /** Of the content; the compressed form has a suffix, as two forms need two tags. */
  readonly tag: string
}

/** One file of the documentation. */
export class Asset {
  readonly #load: () => Promise<Uint8Array<ArrayBuffer>>
  readonly #headers: Readonly<Record<string, string>>
  #loaded: Promise<Loaded> | null = null

  /**
   * @param load reads the content, anew for each client that takes no gzip
   * @param headers of every answer; must hold the content type
   */
  constructor(
    load: () => Promise<Uint8Array<ArrayBuffer>>,
    headers: Readonly<Record<string, string>>,
  ) {
    this.#load = load
    this.#headers = headers
  }

  /** Answers a GET; 304 where the client has it. Rejects where the content cannot be had. */
  async respond(request: Request): Promise<Response> {
    const { gzipped, tag } = await this.#prepare()
    const zipped = takesGzip(request.headers.get('accept-encoding'))
    const etag = zipped ? `"${tag}-gzip"` : `"${tag}"`
    const headers = {
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      vary: 'Accept-Encoding',
      ...this.#headers,
      etag,
    }
    if (request.headers.get('if-none-match') === etag) {
      return new Response(null, { status: 304, headers })
    }
    if (!zipped) return new Response(await this.#load(), { headers })
    return new Response(gzipped, { headers: { ...headers, 'content-encoding': 'gzip' } })
  }

  /** A failed attempt is forgotten, so that the next request tries again. */
  #prepare(): Promise<Loaded> {
    this.#loaded ??= this.#compress().catch((cause: unknown) => {
      this.#loaded = null
      throw cause
    })
    return this.#loaded
  }

  async #compress(): Promise<Loaded> {
    const content = await this.#load()
    const tag = createHash('sha256').update(content).digest('base64url').slice(0, 22)
    return { gzipped: new Uint8Array(await compress(content)), tag }
  }
}

function takesGzip(acceptEncoding: string | null): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:,|\s|$))/i.test(acceptEncoding ?? '')
}
