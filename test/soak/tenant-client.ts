/** A client of a soak: it plays its side of a plan and looks at every byte that arrives. */
import type { Socket } from 'bun'
import type { StreamPlan, Tenant } from './plan.ts'

/** Never in an answer, which is ASCII: what an unwritten buffer holds, and what the pool put in. */
export const poison = 0xdb

/** How one stream went for its client. */
export interface Outcome {
  /** The raw bytes of the response as far as they came, one character a byte. */
  readonly text: string
  /** Whether the response came to its proper end. */
  readonly complete: boolean
  /** What was seen that must not be: null in every good run. */
  readonly leak: string | null
}

const canaryBytes = 32

/** A connection that is used again until somebody closes it. */
export class TenantClient {
  readonly #port: number
  readonly #tenants: readonly Tenant[]
  #strangers: readonly Buffer[] = []
  #socket: Socket<undefined> | null = null
  #chunks: Buffer[] = []
  #receivedBytes = 0
  #leak: string | null = null
  #plan: StreamPlan | null = null
  #settle: ((complete: boolean) => void) | null = null

  /** @param tenants all of them: the bytes of those whose turn it is not must never come here. */
  constructor(port: number, tenants: readonly Tenant[]) {
    this.#port = port
    this.#tenants = tenants
  }

  /** Plays one plan. */
  async play(plan: StreamPlan): Promise<Outcome> {
    this.#chunks = []
    this.#receivedBytes = 0
    this.#leak = null
    this.#plan = plan
    this.#strangers = this.#tenants
      .filter((tenant) => tenant !== plan.tenant)
      .map((tenant) => tenant.canary)
    const settled = Promise.withResolvers<boolean>()
    this.#settle = settled.resolve
    const socket = this.#socket ?? (await this.#connect())
    if (plan.departure === 'in the request') {
      socket.write(plan.requestText.slice(0, plan.leaveAfterBytes))
      // Sometimes together with the bytes, sometimes after they were read.
      setTimeout(() => this.#leave(plan), plan.leaveAfterMs)
    } else {
      socket.write(plan.requestText)
      if (plan.departure === 'before the answer') {
        setTimeout(() => this.#leave(plan), plan.leaveAfterMs)
      }
    }
    const complete = await settled.promise
    this.#plan = null
    return { text: Buffer.concat(this.#chunks).toString('latin1'), complete, leak: this.#leak }
  }

  close(): void {
    this.#socket?.end()
    this.#socket = null
  }

  async #connect(): Promise<Socket<undefined>> {
    const socket = await Bun.connect<undefined>({
      hostname: '127.0.0.1',
      port: this.#port,
      socket: {
        binaryType: 'buffer',
        data: (from, bytes) => this.#receive(from, Buffer.from(bytes)),
        close: (closed) => this.#closed(closed),
        error: (closed) => this.#closed(closed),
      },
    })
    this.#socket = socket
    return socket
  }

  #closed(socket: Socket<undefined>): void {
    if (socket !== this.#socket) return
    this.#socket = null
    this.#settle?.(false)
  }

  #leave(plan: StreamPlan): void {
    const socket = this.#socket
    // The stream may have ended meanwhile, and the next one begun.
    if (socket === null || this.#plan !== plan) return
    if (plan.leaveBy === 'half-close') {
      socket.shutdown()
      return
    }
    this.#socket = null
    if (plan.leaveBy === 'FIN') socket.end()
    else socket.terminate()
    this.#settle?.(false)
  }

  #receive(socket: Socket<undefined>, bytes: Buffer): void {
    if (socket !== this.#socket) return
    this.#look(bytes)
    this.#chunks.push(bytes)
    this.#receivedBytes += bytes.length
    const plan = this.#plan
    if (plan === null) {
      this.#leak ??= 'bytes that nobody asked for'
    } else if (plan.departure === 'in the answer' && this.#receivedBytes >= plan.leaveAfterBytes) {
      this.#leave(plan)
    } else if (this.#isComplete(bytes)) {
      this.#settle?.(true)
    }
  }

  /** No body here has a carriage return in it, so this is the end and nothing else. */
  #isComplete(last: Buffer): boolean {
    const tail = last.length < finalChunk.length ? Buffer.concat(this.#chunks.slice(-7)) : last
    if (tail.subarray(-finalChunk.length).equals(finalChunk)) return true
    if (this.#chunks[0]?.includes('HTTP/1.1 200 ')) return false
    const text = Buffer.concat(this.#chunks).toString('latin1')
    const declared = /^content-length: (\d+)\r$/im.exec(text)?.[1]
    return declared !== undefined && text.length >= text.indexOf('\r\n\r\n') + 4 + Number(declared)
  }

  /** Searches the bytes, with as many before them as a canary could have begun in. */
  #look(bytes: Buffer): void {
    if (bytes.includes(0)) this.#leak ??= 'a zero byte'
    if (bytes.includes(poison)) this.#leak ??= 'a poisoned byte'
    const before = this.#chunks.at(-1)?.subarray(-canaryBytes + 1)
    const seen = before === undefined ? bytes : Buffer.concat([before, bytes])
    for (const canary of this.#strangers) {
      if (seen.includes(canary)) this.#leak ??= `the canary ${canary.toString('latin1')}`
    }
  }
}

const finalChunk = Buffer.from('\r\n0\r\n\r\n')
