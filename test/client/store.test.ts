/** What stands behind the hook, without a browser: its states in their order, and on a server. */
import { expect, test } from 'bun:test'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { useStreaming } from '../../src/client/react.ts'
import { StreamStore } from '../../src/client/store.ts'
import type { Streaming } from '../../src/client/streaming.ts'
import { eventually } from '../kit/signal.ts'
import { eventsOf, openStream, refuse, requests, sendStream, startServers } from './reading.ts'

const { path, body } = requests['openai-chat']

const requestTo = (address: string) => ({
  ...{ url: address + path('m'), body: body('m'), retriesMax: 0 },
})

/** A store, and every state that it told. */
function watchedStore() {
  const store = new StreamStore()
  const told: Streaming[] = []
  const leave = store.subscribe(() => told.push(store.read()))
  return { store, told, leave }
}

const whole = eventsOf('openai-chat')

test('an answer: streaming, its content, its end', async () => {
  await using servers = startServers()
  const server = servers.start((_, connection) => sendStream(connection, whole))
  const { store, told } = watchedStore()
  expect(store.read()).toBe(store.read())
  expect(store.read()).toMatchObject({ isStreaming: false, content: '', error: null })
  const finished = await store.start(requestTo(server.url))
  expect(finished).toMatchObject({ content: 'Hello there', metadata: { finishReason: 'stop' } })
  expect(told[0]).toMatchObject({ isStreaming: true, content: '' })
  expect(told.at(-1)).toMatchObject({ isStreaming: false, content: 'Hello there', error: null })
  expect(told.filter(({ isStreaming }) => !isStreaming)).toHaveLength(1)
})

test('a failure: no answer, the error, what was said', async () => {
  await using servers = startServers()
  const server = servers.start((_, connection) => sendStream(connection, whole.slice(0, 2)))
  const { store } = watchedStore()
  expect(await store.start(requestTo(server.url))).toBeNull()
  const { content, error, isStreaming } = store.read()
  expect([content, error?.code, isStreaming]).toEqual(['Hello', 'stream_incomplete', false])
  // The next one begins without it.
  const again = store.start(requestTo(server.url))
  expect(store.read()).toMatchObject({ content: '', error: null, isStreaming: true })
  await again
})

test('after the view has gone, and without anybody listening, nothing is told', async () => {
  await using servers = startServers()
  const server = servers.start(async (_, connection) => {
    await openStream(connection)
    await connection.chunk(whole.slice(0, 2).join(''))
    await connection.closed
  })
  const { store, told, leave } = watchedStore()
  const unmount = store.mount()
  const started = store.start(requestTo(server.url))
  await eventually(() => store.read().content === 'Hello', 'the content')
  leave()
  const before = told.length
  unmount()
  expect(await started).toBeNull()
  expect(told).toHaveLength(before)
  // A view that comes back finds what was said, and no stream.
  expect(store.read()).toMatchObject({ content: 'Hello', isStreaming: false, error: null })
  store.stop()
  store.reconnect()
})

test('what is no request is a TypeError, and leaves the stream alone', async () => {
  await using servers = startServers()
  const server = servers.start((_, connection) => sendStream(connection, whole))
  const { store } = watchedStore()
  const started = store.start(requestTo(server.url))
  expect(store.start({ url: 'http://x/unknown', body: {} })).rejects.toThrow(TypeError)
  const around: Record<string, unknown> = {}
  around.around = around
  expect(store.start({ ...requestTo(server.url), body: around })).rejects.toThrow(TypeError)
  expect((await started)?.content).toBe('Hello there')
})

test('a caller that aborts by its own signal gets no answer and no error', async () => {
  await using servers = startServers()
  const server = servers.start((_, connection) => refuse(connection, 503, 'overloaded'))
  const { store } = watchedStore()
  const signal = AbortSignal.abort()
  expect(await store.start({ ...requestTo(server.url), signal })).toBeNull()
  expect(store.read()).toMatchObject({ error: null, isStreaming: false })
})

test('a server renders what is there before anything was asked', () => {
  function View() {
    const { isStreaming, content, metadata } = useStreaming()
    return createElement('p', null, `${isStreaming} ${content} ${metadata.id}`)
  }
  expect(renderToString(createElement(View))).toBe('<p>false  null</p>')
})
