/** Makes the inputs: the same one for the same seed and number, so that a hang can be named. */
import { awsMessage } from '../protocol/bedrock-converse/aws-frames.ts'
import { seedErrors, seedRequests, seedResponses } from './bodies.ts'
import { dialectNamed, type FuzzInput, type Target } from './input.ts'
import { anyValue, mutated, Random, shuffled, spoilt } from './mutate.ts'
import { type SeedFrame, type SeedStream, seedStreams } from './seeds.ts'

const targets: readonly Target[] = [
  ...['stream', 'stream', 'stream', 'stream', 'stream'],
  ...['request', 'request', 'response', 'error'],
] as Target[]

const foreignFrames = [...seedStreams.values()].flat(2)

/** The input of that number. */
export function makeInput(seed: number, number: number): FuzzInput {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b))
  const target = random.pick(targets)
  const salt = random.below(2 ** 31)
  if (target === 'stream') return { target, salt, ...makeStream(random) }
  const bodies = target === 'request' ? seedRequests : seedResponses
  const [dialect, seeds] = random.pick([...bodies])
  const value = mutated(random.pick<unknown>(target === 'error' ? seedErrors : seeds), random, 0.04)
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  const data = random.chance(0.05) ? spoilt(bytes, random) : bytes
  return { target, dialect, salt, data }
}

function makeStream(random: Random): Pick<FuzzInput, 'dialect' | 'data'> {
  const [dialect, streams] = random.pick([...seedStreams])
  const known = streams.flat()
  const stranger = (): SeedFrame => {
    const kind = random.below(10)
    if (kind === 0) return random.pick(foreignFrames)
    if (kind === 1) return { event: random.pick(known).event, data: anyValue(random) }
    return random.pick(known)
  }
  let frames = shuffled(random.pick(streams), random, stranger)
  const share = random.pick([0, 0.01, 0.05])
  frames = frames.map(({ event, data }) => ({ event, data: mutated(data, random, share) }))
  const bytes = framed(dialect, frames, random)
  return { dialect, data: random.chance(0.3) ? spoilt(bytes, random) : bytes }
}

/** The frames as their dialect's own server would put them on the wire, or nearly so. */
export function framed(dialect: string, frames: SeedStream, random: Random): Uint8Array {
  const { framing } = dialectNamed(dialect)
  if (framing === 'aws-event-stream') return awsFramed(frames, dialect === 'bedrock-invoke')
  const lineEnd = random.chance(0.8) ? '\n' : random.pick(['\r\n', '\r'])
  const texts = frames.map(({ event, data }) => {
    const text = typeof data === 'string' ? data : JSON.stringify(data)
    if (framing === 'ndjson') return `${text}${lineEnd}`
    const comment = random.chance(0.05) ? `: comment${lineEnd}` : ''
    const name = event === null ? '' : `event: ${event}${lineEnd}`
    const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}${lineEnd}`)
    return `${comment}${name}${lines.join('')}${lineEnd}`
  })
  return new TextEncoder().encode(texts.join(''))
}

/** @param wraps the data is inside of a chunk, in base64. */
function awsFramed(frames: SeedStream, wraps: boolean): Uint8Array {
  const messages = frames.map(({ event, data }) => {
    const name = event ?? 'contentBlockDelta'
    const isException = name.startsWith('exception:')
    if (wraps && !isException) {
      const bytes = Buffer.from(JSON.stringify(data) ?? '').toString('base64')
      return awsMessage('event', 'chunk', { bytes, p: 'ab' })
    }
    const type = isException ? name.slice('exception:'.length) : name
    return awsMessage(isException ? 'exception' : 'event', type, data)
  })
  return new Uint8Array(Buffer.concat(messages))
}
