/**
 * A page with the hook in it, as an application would have it, that keeps what the tests ask for:
 * when it was rendered, and what it showed.
 */
import { StrictMode, useLayoutEffect } from 'react'
import { createRoot } from 'react-dom/client'
import { type Streaming, useStreaming } from '../../../src/client/react.ts'
import type { StreamRequest } from '../../../src/client/request.ts'

/** One commit of the component. */
export interface Commit {
  /** By the page's own clock. */
  readonly atMs: number
  readonly contentLength: number
  readonly isStreaming: boolean
}

/** What the tests find in the page. */
export interface TestPage {
  readonly commits: Commit[]
  /** The pieces of bodies, and when they arrived. */
  readonly arrivals: { atMs: number; text: string }[]
  latest: Streaming | null
  starts: Set<Streaming['start']>
  ask(url: string, more?: Partial<StreamRequest>): void
  unmount(): void
}

const page: TestPage = {
  commits: [],
  arrivals: [],
  latest: null,
  starts: new Set(),
  ask(url, more = {}) {
    const body = { model: 'gpt-test', messages: [] }
    void page.latest?.start({ url, body, fetch: watchedFetch, ...more })
  },
  unmount: () => root.unmount(),
}

/** The browser's own, with a look at what arrives. */
async function watchedFetch(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  const decoder = new TextDecoder()
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      page.arrivals.push({ atMs: performance.now(), text: decoder.decode(chunk) })
      controller.enqueue(chunk)
    },
  })
  const { status, headers } = response
  return new Response(response.body?.pipeThrough(watch) ?? null, { status, headers })
}

function Answer() {
  const streaming = useStreaming()
  const { content, isStreaming } = streaming
  useLayoutEffect(() => {
    page.latest = streaming
    page.starts.add(streaming.start)
    page.commits.push({ atMs: performance.now(), contentLength: content.length, isStreaming })
  })
  return <output data-streaming={isStreaming}>{content}</output>
}

const place = document.createElement('div')
document.body.append(place)
const root = createRoot(place)
root.render(
  <StrictMode>
    <Answer />
  </StrictMode>,
)
Object.assign(globalThis, { page })
