/** What happens in one stream: whose it is, what the provider sends, who breaks it, and when. */
import { chatEvents, eventsText } from '../kit/answers.ts'
import { toBytes } from '../kit/http.ts'
import { Random } from './random.ts'

/** Somebody whose bytes nobody else may see. */
export interface Tenant {
  readonly name: string
  /** 32 bytes that occur in every event of this tenant and in no other's. */
  readonly canary: Buffer
  /** Whole streams, from which each request gets one. */
  readonly answers: readonly Answer[]
}

/** A whole stream of a provider. */
export interface Answer {
  readonly text: string
  readonly bytes: Uint8Array
}

/** How the client leaves: never, or in a phase of the request. */
export type Departure = 'never' | 'in the request' | 'before the answer' | 'in the answer'

/** One stream. */
export interface StreamPlan {
  readonly tenant: Tenant
  readonly answer: Answer
  readonly requestText: string
  /** Where the provider cuts the answer, ascending, inside it; a cut may be anywhere. */
  readonly cuts: readonly number[]
  /** After that many pieces the provider ends the answer otherwise than it should. */
  readonly breakAfterPieces: number
  readonly breakBy: 'reset' | 'close' | 'final chunk'
  readonly departure: Departure
  readonly leaveBy: 'FIN' | 'RST' | 'half-close'
  /** In the request: after that many of its bytes. In the answer: after that many arrived. */
  readonly leaveAfterBytes: number
  /** Before the answer: after that many milliseconds. */
  readonly leaveAfterMs: number
}

const answersPerTenant = 200

/** A tenant with a canary and answers of its own. */
export function makeTenant(name: string, random: Random): Tenant {
  const letters = Array.from({ length: 32 - name.length - 2 }, () => random.between(97, 122))
  const canary = Buffer.from(`<${name}${String.fromCharCode(...letters)}>`, 'latin1')
  const answers = Array.from({ length: answersPerTenant }, (_, index) => {
    const tokens = Array.from({ length: random.between(1, 8) }, () => {
      // Mostly a token, sometimes more than the smaller buffers of the pool hold.
      const repeatsMax = random.chance(0.1) ? (random.chance(0.1) ? 2500 : 250) : 8
      const repeats = random.between(1, repeatsMax)
      return `${index} ${canary.toString('latin1').repeat(repeats)}`
    })
    const text = eventsText(chatEvents(tokens), true)
    return { text, bytes: toBytes(text) }
  })
  return { name, canary, answers }
}

/** Decides everything about one stream, by its number and the seed alone. */
export function makePlan(index: number, tenants: readonly Tenant[], seed: number): StreamPlan {
  const random = new Random(seed + Math.imul(index, 0x9e3779b1))
  const tenant = random.pick(tenants)
  const answer = random.pick(tenant.answers)
  const cuts = Array.from({ length: random.between(0, 7) }, () =>
    random.between(1, answer.bytes.length - 1),
  ).sort((a, b) => a - b)
  const body = JSON.stringify({
    model: 'gpt-test',
    stream: true,
    user: String(index),
    messages: [],
  })
  const requestText =
    'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
    `content-length: ${body.length}\r\n\r\n${body}`
  const departure: Departure = random.chance(0.15)
    ? 'never'
    : random.pick(['in the request', 'before the answer', 'in the answer', 'in the answer'])
  const spanBytes = departure === 'in the request' ? requestText.length - 1 : answer.bytes.length
  return {
    tenant,
    answer,
    requestText,
    cuts,
    breakAfterPieces: random.chance(0.2) ? random.between(0, cuts.length) : Number.MAX_SAFE_INTEGER,
    breakBy: random.pick(['reset', 'close', 'final chunk']),
    departure,
    leaveBy: random.pick(['FIN', 'RST', 'half-close']),
    leaveAfterBytes: random.between(1, spanBytes),
    leaveAfterMs: random.between(0, 3),
  }
}
