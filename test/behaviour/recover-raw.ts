/** Chats of routes that recover, read byte by byte. */
import { expect } from 'bun:test'
import type { RawResponse } from '../kit/response.ts'
import type { Stand } from './client-stand.ts'
import { requestOf } from './dialect-stand.ts'
import { type Behaviour, send, type startRecover } from './recover-stand.ts'
import { routeName } from './route-stand.ts'

/** Targets. */
export const a = 'openai/model-a'
/** Another one. */
export const b = 'openai/model-b'
/** And one more. */
export const c = 'openai/model-c'
/** Who asks for a chat. */
export const chat = { client: 'chat', provider: 'chat', model: routeName } as const

/** Asks for a chat with a raw client; the providers hear of it when it has some text. */
export async function ask(
  { stand, begun }: Awaited<ReturnType<typeof startRecover>>,
  request = requestOf(chat),
): Promise<RawResponse> {
  const { response } = await stand.ask(request)
  await response.until((r) => r.ending !== null || r.text().includes('Hel'), 'the first text')
  begun()
  return response
}

/** The text of a chat. */
export const textOf = (response: RawResponse): string =>
  [...response.text().matchAll(/"content":("(?:[^"\\]|\\.)*")/g)]
    .map(([, text = '""']) => JSON.parse(text))
    .join('')

/** Expects an error event of this code behind the text, and the record of a failure. */
export async function expectTold(stand: Stand, response: RawResponse, code: string): Promise<void> {
  expect(await response.ended()).toBe('complete')
  expect(response.text()).toContain(`"code":"${code}"`)
  expect(response.text()).not.toContain('[DONE]')
  expect(response.text()).not.toContain('"finish_reason":"')
  expect(response.text()).not.toContain('sluice recovered')
  const record = await stand.record(0)
  expect([record.recovery, record.errorCode]).toEqual(['failed', code as never])
}

/** Begins an answer and says nothing. */
export const silent: Behaviour = async ({ connection }) => {
  await send(connection, [])
  await connection.closed
}
