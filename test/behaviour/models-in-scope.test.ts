/** The list of models shows a key what it may ask for, and nothing else. */
import { afterEach, expect, test } from 'bun:test'
import { fileOf } from '../config/file/files.ts'
import { chatEvents, json, sse } from '../kit/answers.ts'
import { jsonRequest } from '../kit/client.ts'
import type { UpstreamScript } from '../kit/upstream.ts'
import { endStands, type Stand, startStand } from './client-stand.ts'

afterEach(endStands)

const secret = 'secret-of-a-client'
const answer = sse(chatEvents(['Hello']), { done: true })

/** A provider that has three models, and answers for each. */
const listing: UpstreamScript = (request, connection) => {
  const data = ['gpt-5', 'gpt-5-mini', 'other'].map((id) => ({ id, object: 'model' }))
  const script = request.method === 'GET' ? json(200, { object: 'list', data }) : answer
  return script(request, connection)
}

function withScopes(scopes: object): Promise<Stand> {
  const path = fileOf({
    keys: [{ name: 'team-a', key: 'env:TEAM_A_KEY', ...scopes }],
    providers: { elsewhere: { protocol: 'openai-chat', baseUrl: 'http://127.0.0.1:1/v1' } },
    routes: {
      smart: { targets: ['openai/gpt-5'] },
      away: { targets: ['elsewhere/m'] },
      'hidden-*': { targets: ['openai/gpt-5'] },
    },
  })
  return startStand(listing, { CONFIG_FILE: path, TEAM_A_KEY: secret })
}

const headers = { authorization: `Bearer ${secret}` }

async function get(stand: Stand, path: string) {
  const { response } = await stand.ask({ path, headers })
  await response.ended()
  return { status: response.status, body: JSON.parse(response.text()) }
}

/** The names of the list, without those of the built-in provider. */
async function namesOf(stand: Stand): Promise<string[]> {
  const { body } = await get(stand, '/v1/models')
  const ids: string[] = body.data.map(({ id }: { id: string }) => id)
  return ids.filter((id) => !id.startsWith('demo'))
}

const all = ['smart', 'away', 'openai/gpt-5', 'openai/gpt-5-mini', 'openai/other']

test.each([
  ['nothing said', {}, all],
  ['one model by its whole name', { models: ['openai/gpt-5'] }, ['openai/gpt-5']],
  ['models by their bare names', { models: ['gpt-*'] }, ['gpt-5', 'gpt-5-mini']],
  ['a route by its name', { routes: ['smart'] }, ['smart']],
  ['a route and a model', { routes: ['sm*'], models: ['openai/o*'] }, ['smart', 'openai/other']],
  ['a provider', { providers: ['openai'] }, all.filter((id) => id !== 'away')],
  ['a model elsewhere', { models: ['openai/*'], providers: ['elsewhere'] }, []],
  ['what nobody has', { models: ['claude-*'] }, []],
])('%s', async (_, scopes, names) => {
  const stand = await withScopes(scopes)
  const seen = await namesOf(stand)
  expect(seen).toEqual(names)
  // What is shown can be asked for; what is not is not.
  for (const model of new Set([...seen, ...all])) {
    if (model === 'away') continue
    const body = { model, stream: true, messages: [] }
    const { response } = await stand.ask(jsonRequest('/v1/chat/completions', body, headers))
    await response.ended()
    expect(`${model} ${response.status}`).toBe(`${model} ${seen.includes(model) ? 200 : 403}`)
  }
})

test('one of them by its name is the same 404 as one that does not exist', async () => {
  const stand = await withScopes({ models: ['gpt-*'] })
  expect((await get(stand, '/v1/models/gpt-5')).body.id).toBe('gpt-5')
  for (const path of ['openai/gpt-5', 'openai/other', 'smart', 'nothing']) {
    const { status, body } = await get(stand, `/v1/models/${path}`)
    expect([status, body.error.code]).toEqual([404, 'model_not_found'])
  }
})

test("Gemini's clients see the same", async () => {
  const stand = await withScopes({ models: ['gpt-5'] })
  const { body } = await get(stand, `/v1beta/models?key=${secret}`)
  expect(body.models.map(({ name }: { name: string }) => name)).toEqual(['models/gpt-5'])
  expect((await get(stand, `/v1beta/models/other?key=${secret}`)).status).toBe(404)
})
