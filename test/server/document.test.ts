/** The OpenAPI document, as a client's generator would read it. */
import { beforeAll, expect, test } from 'bun:test'
import SwaggerParser from '@apidevtools/swagger-parser'
import type { OpenAPIV3 } from 'openapi-types'
import { z } from 'zod'
import { errorTable } from '../../src/core/errors.ts'
import { geminiPaths } from '../../src/server/dialect-details.ts'
import { createRouter } from '../../src/server/router.ts'
import { schemas } from '../../src/server/schemas.ts'
import { ask } from '../kit/client.ts'
import { parseSse } from '../kit/sse.ts'
import {
  alertsView,
  calm,
  edgeOptions,
  gateViews,
  limitsView,
  poolMetrics,
  startEdge,
} from './edge.ts'

let text = ''
let document: OpenAPIV3.Document
let resolved: OpenAPIV3.Document

beforeAll(async () => {
  await using edge = startEdge()
  const response = await ask(edge.url, { path: '/docs/json' })
  expect(response.status).toBe(200)
  expect(response.header('content-type')).toBe('application/json')
  text = response.text()
  document = JSON.parse(text)
  const parsed: unknown = await SwaggerParser.dereference(JSON.parse(text))
  resolved = parsed as OpenAPIV3.Document
})

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

/** Every operation with its place, references resolved. */
function operations(): (readonly [place: string, operation: OpenAPIV3.OperationObject])[] {
  return Object.entries(resolved.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item?.[method]
      return operation === undefined ? [] : [[`${method} ${path}`, operation] as const]
    }),
  )
}

test('it is valid OpenAPI', async () => {
  await SwaggerParser.validate(JSON.parse(text))
  expect(document.info.title).toBe('sluice')
  expect(document.info.version).toBe('0.0.0-test')
})

test('it names no other host', () => {
  expect(text).not.toMatch(/https?:\/\//)
})

test('it has every route that is not hidden, and the wildcards', () => {
  const shown = createRouter(edgeOptions(), () => new Response())
    .routes.filter(({ hooks }) => hooks.detail?.hide !== true)
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replace(':id', '{id}')}`)
  const wild = ['/v1/{path}', '/passthrough/{provider}/{path}'].flatMap((path) =>
    methods.map((method) => `${method} ${path}`),
  )
  expect(
    operations()
      .map(([place]) => place)
      .sort(),
  ).toEqual(
    [
      ...shown,
      'get /v1/models/{model}',
      ...Object.keys(geminiPaths).map((path) => `post ${path}`),
      ...wild,
    ].sort(),
  )
})

test('every operation has a name of its own, a summary and described answers', () => {
  const names = operations().map(([, operation]) => operation.operationId)
  expect(new Set(names).size).toBe(names.length)
  for (const [place, operation] of operations()) {
    expect(operation.summary, place).toBeString()
    expect(Object.keys(operation.responses).length, place).toBeGreaterThan(0)
  }
})

test('every error status of the table that a client can get is among the answers', () => {
  const documented = new Set(operations().flatMap(([, { responses }]) => Object.keys(responses)))
  const statuses = Object.values(errorTable).map(({ status }) => String(status))
  for (const status of statuses) if (status !== '499') expect(documented).toContain(status)
})

test('every schema is used', () => {
  const alone = ['ChatCompletionChunk', 'ResponseEvent', 'MessageEvent']
  for (const name of Object.keys(schemas)) {
    if (!alone.includes(name)) expect(text).toContain(`"#/components/schemas/${name}"`)
  }
  expect(Object.keys(document.components?.schemas ?? {}).sort()).toEqual(
    Object.keys(schemas).sort(),
  )
})

test('every example is an instance of its schema', () => {
  let checked = 0
  for (const [name, schema] of Object.entries(schemas)) {
    const published = document.components?.schemas?.[name]
    if (published === undefined || !('example' in published)) continue
    expect(schema.safeParse(published.example).error, name).toBeUndefined()
    checked++
  }
  expect(checked).toBeGreaterThan(10)
  expect(schemas.Error.safeParse(errorExample('400')).success).toBe(true)
})

function errorExample(status: string): unknown {
  const response = document.components?.responses?.[`Error${status}`]
  return response && 'content' in response
    ? response.content?.['application/json']?.example
    : undefined
}

test('the examples of streams hold events of the documented shape', () => {
  const events = (path: string) => {
    const response = resolved.paths[path]?.post?.responses[200]
    const content = response && 'content' in response ? response.content : undefined
    const example: unknown = content?.['text/event-stream']?.example
    return parseSse(new TextEncoder().encode(z.string().parse(example)))
  }
  const chat = events('/v1/chat/completions')
  expect(chat.at(-1)?.data).toBe('[DONE]')
  for (const { data } of chat.slice(0, -1)) schemas.ChatCompletionChunk.parse(JSON.parse(data))
  const completion = events('/v1/completions')
  for (const { data } of completion.slice(0, -1)) schemas.Completion.parse(JSON.parse(data))
  const responses = events('/v1/responses')
  expect(responses.length).toBe(3)
  for (const { event, data } of responses) {
    expect(event).toBe(schemas.ResponseEvent.parse(JSON.parse(data)).type)
  }
})

test('what the operations answer is what is documented', () => {
  const body = { ...poolMetrics, worker: { id: 1, total: 2 } }
  expect(schemas.BufferPoolMetrics.safeParse(body).success).toBe(true)
  const overload = { ...calm, worker: { id: 1, total: 2 } }
  expect(schemas.Overload.safeParse(overload).success).toBe(true)
  const limits = { ...limitsView, worker: { id: 1, total: 2 } }
  expect(schemas.Limits.safeParse(limits).success).toBe(true)
  const queue = { gates: gateViews, worker: { id: 1, total: 2 } }
  expect(schemas.Queue.safeParse(queue).success).toBe(true)
  const alerts = { ...alertsView, worker: { id: 1, total: 2 } }
  expect(schemas.Alerts.safeParse(alerts).success).toBe(true)
})

test('it says how to authenticate', () => {
  expect(document.components?.securitySchemes).toMatchObject({
    bearer: { type: 'http', scheme: 'bearer' },
    adminToken: { type: 'http', scheme: 'bearer' },
  })
})

test('the files of the page are compressed, cached and not sent twice', async () => {
  await using edge = startEdge()
  const url = new URL('/docs/swagger-ui.js', edge.url)
  const plain = await fetch(url, { headers: { 'accept-encoding': 'identity' } })
  const zipped = await fetch(url, { headers: { 'accept-encoding': 'gzip' }, decompress: false })
  const [whole, small] = [await plain.bytes(), await zipped.bytes()]
  expect(zipped.headers.get('content-encoding')).toBe('gzip')
  expect(plain.headers.get('content-encoding')).toBeNull()
  expect(small.byteLength).toBeLessThan(whole.byteLength / 2)
  expect(Bun.gunzipSync(small)).toEqual(whole)
  expect(zipped.headers.get('vary')).toBe('Accept-Encoding')
  const etag = zipped.headers.get('etag') ?? ''
  const again = await fetch(url, {
    headers: { 'accept-encoding': 'gzip', 'if-none-match': etag },
  })
  expect(again.status).toBe(304)
  expect(plain.headers.get('etag')).not.toBe(etag)
  const refused = await fetch(url, { headers: { 'accept-encoding': 'gzip;q=0' } })
  expect(refused.headers.get('content-encoding')).toBeNull()
  await refused.bytes()
})

test('the way to the page', async () => {
  await using edge = startEdge()
  const root = await ask(edge.url, { path: '/' })
  expect([root.status, root.header('location')]).toEqual([302, '/docs'])
  expect((await ask(edge.url, { path: '/favicon.ico' })).status).toBe(204)
  const page = await ask(edge.url, { path: '/docs' })
  expect(page.header('content-type')).toBe('text/html; charset=utf-8')
  expect(page.header('content-security-policy')).toContain("default-src 'self'")
  expect(page.text()).not.toMatch(/<script(?![^>]* src="\/docs\/)|<style|https?:/)
  const license = await ask(edge.url, { path: '/docs/license.txt' })
  expect(license.text()).toContain('Apache License')
})
