/** A model that is named in the path is renamed there; the body has no model to rename. */
import { expect, test } from 'bun:test'
import { startApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/env.ts'

const contents = [{ role: 'user', parts: [{ text: 'hi' }] }]
const chunk = {
  candidates: [{ content: { parts: [{ text: 'Hello' }], role: 'model' }, finishReason: 'STOP' }],
  modelVersion: 'gemini-x',
  responseId: 'r',
}

test('a client of Gemini may name the provider in front of the model', async () => {
  const asked: { path: string; body: unknown }[] = []
  const provider = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      asked.push({ path: pathname + search, body: await request.json() })
      const headers = { 'content-type': 'text/event-stream' }
      return new Response(`data: ${JSON.stringify(chunk)}\r\n\r\n`, { headers })
    },
  })
  const loaded = loadConfig({
    ...{ PORT: '0', LOG_LEVEL: 'error', GEMINI_API_KEY: 'test' },
    GEMINI_BASE_URL: `${provider.url}v1beta`,
  })
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'))
  const app = await startApp(loaded.config, { id: 0, total: 0 })
  for (const model of ['gemini-x', 'gemini/gemini-x']) {
    const path = `/v1beta/models/${model}:streamGenerateContent?alt=sse`
    const answer = await fetch(new URL(path, app.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ contents }),
    })
    expect(answer.status).toBe(200)
    expect(await answer.text()).toContain('"text":"Hello"')
    const sent = '/v1beta/models/gemini-x:streamGenerateContent?alt=sse'
    expect(asked.pop()).toEqual({ path: sent, body: { contents } })
  }
  await app.drain()
  expect(Object.values(app.leftovers()).filter((count) => count !== 0)).toEqual([])
  await app.stop(0)
  await provider.stop(true)
})
