/** The files of the dashboard's page, as the sources serve them. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { ask } from '../kit/client.ts'
import { type Edge, startEdge } from './edge.ts'

let edge: Edge
beforeAll(() => {
  edge = startEdge({ adminToken: 'the-token-of-the-operator' })
})
afterAll(async () => {
  await edge[Symbol.asyncDispose]()
})

test('the page forbids itself everything from elsewhere and everything inline', async () => {
  const page = await ask(edge.url, { path: '/dashboard' })
  expect(page.status).toBe(200)
  const policy = page.header('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
  expect(page.text()).not.toMatch(/<script(?![^>]* src=)|<style|style=| on\w+=/)
  expect(page.text()).not.toMatch(/https?:\/\//)
})

test('script and style are there for everybody, compressed and not sent twice', async () => {
  for (const [path, type, least] of [
    ['/dashboard/page.js', 'text/javascript; charset=utf-8', 100_000],
    ['/dashboard/page.css', 'text/css; charset=utf-8', 5_000],
    ['/dashboard/icon.svg', 'image/svg+xml', 100],
  ] as const) {
    const plain = await ask(edge.url, { path })
    expect([path, plain.status, plain.header('content-type')]).toEqual([path, 200, type])
    expect(plain.body().byteLength).toBeGreaterThan(least)
    const zipped = await ask(edge.url, { path, headers: { 'accept-encoding': 'gzip' } })
    expect(zipped.header('content-encoding')).toBe('gzip')
    const unzipped = Bun.gunzipSync(new Uint8Array(zipped.body()))
    expect(Buffer.from(unzipped).equals(plain.body())).toBe(true)
    const known = { 'accept-encoding': 'gzip', 'if-none-match': zipped.header('etag') ?? '' }
    expect((await ask(edge.url, { path, headers: known })).status).toBe(304)
    expect((await ask(edge.url, { path, method: 'POST', body: '' })).status).toBe(405)
  }
})

test('the script is made for people who run it, not for who wrote it', async () => {
  const script = (await ask(edge.url, { path: '/dashboard/page.js' })).text()
  // Not `toContain`: a failure would print half a megabyte.
  const found = (pattern: RegExp): string | undefined => pattern.exec(script)?.[0]
  expect(found(/jsxDEV|Invalid hook call/)).toBeUndefined()
  expect(found(/\beval\(|new Function\(/)).toBeUndefined()
  expect(script.includes(process.cwd())).toBe(false)
  expect(script.length).toBeLessThan(500_000)
})
