/** What the tests of quiet streams share: pieces with pauses between them, and heartbeats apart. */
import type { UpstreamScript } from '../kit/upstream.ts'
import { stream } from './provider-stand.ts'

/** The heartbeat of OpenAI's family. */
export const ping = ': ping\n'

/** Sends pieces of the body with pauses between them; the first pause is before the head. */
export function paced(pausesMs: readonly number[], pieces: readonly string[]): UpstreamScript {
  return async (_request, connection) => {
    await Bun.sleep(pausesMs[0] ?? 0)
    await connection.head(200, stream)
    for (const [index, piece] of pieces.entries()) {
      await Bun.sleep(pausesMs[index + 1] ?? 0)
      await connection.chunk(piece)
    }
    await connection.end()
  }
}

/** How many heartbeats a stream has, and the rest of it. Throws where one is inside an event. */
export function apart(text: string): { readonly pings: number; readonly rest: string } {
  let rest = ''
  let pings = 0
  let isBoundary = true
  for (const line of text.split(/(?<=\n)/)) {
    if (line === ping) {
      if (!isBoundary) throw new Error(`a heartbeat inside an event, after ${rest.slice(-80)}`)
      pings += 1
    } else {
      rest += line
      isBoundary = line === '\n'
    }
  }
  return { pings, rest }
}
