/** One client of the soak: asks, reads or leaves, and says whether what it got was honest. */
import { jsonRequest, RawClient, type RequestToSend } from '../../kit/client.ts'
import type { RawResponse } from '../../kit/response.ts'
import type { Random } from '../random.ts'
import { tokens } from './provider.ts'

/** What a client saw. */
export type Seen = 'whole' | 'in-band error' | 'status' | 'cut' | 'left'

const text = tokens.join('')

const chat = (model: string, stream: boolean, pad: number) => ({
  model,
  stream,
  messages: [{ role: 'user', content: 'Count. '.repeat(pad) }],
})

/** A request in one of the clients' dialects. */
function requestOf(random: Random): { readonly stream: boolean; readonly request: RequestToSend } {
  const model = random.pick(['smart', 'smart', 'careful', 'a/solo'])
  const stream = random.chance(0.85)
  const body = chat(model, stream, random.chance(0.05) ? 20_000 : random.between(1, 50))
  if (random.chance(0.3)) {
    return { stream, request: jsonRequest('/v1/messages', { ...body, max_tokens: 100 }) }
  }
  return { stream, request: jsonRequest('/v1/chat/completions', body) }
}

/**
 * Plays one request to its end.
 * @throws Error for an answer that lies: a clean end that is short, or the wrong text.
 */
export async function playOne(url: string, random: Random): Promise<Seen> {
  const client = await RawClient.connect(url)
  try {
    const { stream, request } = requestOf(random)
    const response = client.request(request)
    if (random.chance(0.12)) {
      await Bun.sleep(random.between(0, 200))
      if (random.chance(0.5)) client.close()
      else client.reset()
      return 'left'
    }
    if (random.chance(0.05)) {
      client.pause()
      await Bun.sleep(random.between(20, 300))
      client.resume()
    }
    const ending = await response.ended(60_000)
    if (ending !== 'complete') return 'cut'
    return stream && response.status === 200 ? judgeStream(response) : judgeWhole(response)
  } finally {
    client.close()
  }
}

function judgeWhole(response: RawResponse): Seen {
  if (response.status !== 200) return 'status'
  if (!response.text().includes(JSON.stringify(text).slice(1, -1))) {
    throw new Error(`a whole answer without its text: ${response.text().slice(0, 200)}`)
  }
  return 'whole'
}

function judgeStream(response: RawResponse): Seen {
  const received = response.text()
  const hasError = received.includes('"error"')
  const hasEnd = received.includes('data: [DONE]') || received.includes('"message_stop"')
  if (hasError) {
    if (hasEnd) throw new Error('an error and an end in one stream')
    return 'in-band error'
  }
  if (!hasEnd) throw new Error(`a clean end that is short: ${received.slice(-200)}`)
  const said = [...received.matchAll(/"(?:content|text)":"(token [^"]*)"/g)]
    .map(([, piece]) => piece)
    .join('')
  if (said !== text) throw new Error(`another text: ${said.length} of ${text.length} characters`)
  return 'whole'
}
