/**
 * The whole way for recordings of each kind of provider: an SDK in front of the program, and behind
 * it a scripted provider that answers with the recorded bytes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { App } from '../../src/app.ts'
import { startAppWith } from '../behaviour/client-stand.ts'
import { environmentOf } from '../contract/kinds.ts'
import { replay } from '../kit/answers.ts'
import { describeWithFixtures } from '../kit/fixtures.ts'
import { expectNothingLeft } from '../kit/leftovers.ts'
import { startUpstream, type Upstream } from '../kit/upstream.ts'
import type { Account, ChoiceAccount } from './account.ts'
import { expectSame } from './compare.ts'
import { expectedAt } from './differences.ts'
import { originalOf, type Recording, readableBytes, recordings } from './originals.ts'
import { type ClientName, clients } from './read-back.ts'
import { type SourceName, sources } from './sources.ts'
import { Clients, Stand } from './stand.ts'

const everywhere: readonly ClientName[] = ['chat', 'responses', 'messages', 'gemini']

/** A kind of provider for each dialect, and the clients that it is translated for. */
const kinds: Readonly<Partial<Record<SourceName, readonly [string, readonly ClientName[]]>>> = {
  // Most of the others know responses as well, and are asked for those as they are.
  chat: ['cerebras', everywhere],
  messages: ['anthropic', everywhere],
  gemini: ['gemini', everywhere],
  converse: ['bedrock', everywhere],
  invoke: ['bedrock', everywhere],
  cohere: ['cohere', everywhere],
  // What it knows of OpenAI's dialects it is asked for in these.
  ollama: ['ollama', ['messages', 'gemini']],
}

/** What is asked for, where it is the model that decides what is spoken. */
const models: Readonly<Partial<Record<SourceName, string>>> = {
  invoke: 'anthropic.test-model-v1:0',
}

/** How many recordings of each dialect are played. */
const playedMax = 12

const contentTypes = {
  sse: 'text/event-stream; charset=utf-8',
  ndjson: 'application/x-ndjson',
  'aws-event-stream': 'application/vnd.amazon.eventstream',
} as const

/** Claude is asked by `InvokeModel`, and whatever else Bedrock has by Converse. */
const preferred = { bedrock: { dialect: 'invoke' } }

let stand: Stand
let upstream: Upstream
let app: App
let body = new Uint8Array()
let contentType = ''

beforeAll(async () => {
  stand = new Stand()
  upstream = startUpstream(async (request, connection) => {
    await request.bytes()
    const headers = { 'content-type': contentType }
    await replay(body, 'whole', { headers })(request, connection)
  })
  ;({ app } = await startAppWith({ PORT: '0', ...environmentOf(upstream.url, preferred) }))
})

afterAll(async () => {
  await expectNothingLeft(app, { upstreams: () => upstream.busyConnections })
  await app.stop(0)
  upstream.stop()
  await stand.stop()
})

/** Some recordings of a dialect, spread over all of them. */
function sample(source: SourceName): readonly Recording[] {
  const all = recordings().filter((recording) => recording.source === source)
  const step = Math.max(1, Math.floor(all.length / playedMax))
  return all.filter((_recording, index) => index % step === 0)
}

/** Bytes that pass untouched hold no made ids, and no reason that the provider did not give. */
function expectUntouched(read: Account, wanted: Account): void {
  const choices: readonly ChoiceAccount[] = read.choices.map((choice, index) => ({
    ...choice,
    finish: choice.finish ?? wanted.choices[index]?.finish ?? null,
  }))
  const completed: Account = { ...read, choices }
  if (wanted.failed) expect(read.failed).toBe(true)
  else expect(completed).toEqual(wanted)
}

describeWithFixtures('recordings through the program', () => {
  const played = Object.keys(kinds).flatMap((source) => sample(source as SourceName))

  test('are of every kind', () => {
    expect(played.length).toBeGreaterThan(50)
  })

  describe.each(played.map((recording) => [recording.name, recording] as const))(
    '%s',
    (_name, recording) => {
      let original: Account
      beforeAll(async () => {
        original = await originalOf(recording, stand)
      })

      const [kind, routes] = kinds[recording.source] ?? ['', []]
      test.each(routes.map((name) => [name] as const))('asked for as %s', async (client) => {
        body = new Uint8Array(readableBytes(recording))
        contentType = contentTypes[sources[recording.source].framing]
        const passed = client === recording.source
        const { account } = expectedAt(client, client === recording.speaks, original)
        const asked = new Clients(
          app.url.origin,
          `${kind}/${models[recording.source] ?? 'test-model'}`,
        )
        const read = await clients[client].readStream(asked)
        if (passed) expectUntouched(read, account)
        else expectSame(read, account)
      })
    },
  )
})
