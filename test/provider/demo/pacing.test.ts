import { describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { nowMs } from '../../../src/core/clock.ts'
import { pacedBody } from '../../../src/provider/demo/paced.ts'
import type { Step } from '../../../src/provider/demo/steps.ts'
import { ask, chat, mountDemo } from '../stand.ts'

const streamChat = (query: string): object => chat(`stream?${query}`, { stream: true })

const bodyOf = (response: Response): ReadableStream<Uint8Array> => {
  if (response.body === null) throw new Error('The answer has no body.')
  return response.body
}

/** When each piece came, in milliseconds after `ask`, and how many tokens it had. */
async function arrivals(query: string): Promise<{ atMs: number; tokens: number }[]> {
  const startMs = nowMs()
  const seen: { atMs: number; tokens: number }[] = []
  const decoder = new TextDecoder()
  for await (const piece of bodyOf(await ask('/chat/completions', streamChat(query)))) {
    const tokens = decoder.decode(piece).split('"delta":{"content"').length - 1
    if (tokens > 0) seen.push({ atMs: nowMs() - startMs, tokens })
  }
  return seen
}

describe('time', () => {
  test('20 tokens at 100 a second take a fifth of a second, none comes early', async () => {
    const seen = await arrivals('tokens=20&tokensPerSecond=100')
    let index = 0
    for (const { atMs, tokens } of seen) {
      // The last token of a piece must be due by then; timers may be early by rounding.
      index += tokens
      expect(atMs).toBeGreaterThan((index - 1) * 10 - 2)
    }
    expect(index).toBe(20)
    expect(seen.at(-1)?.atMs).toBeLessThan(190 + 1500)
  })

  test('what is late comes together, and nothing drifts', async () => {
    const startMs = nowMs()
    const response = await ask('/chat/completions', streamChat('tokens=200&tokensPerSecond=1000'))
    const reader = bodyOf(response).getReader()
    await reader.read()
    // The reader stands still for half of the stream, without the program noticing.
    while (nowMs() - startMs < 120) await Bun.sleep(5)
    const { value } = await reader.read()
    const together = new TextDecoder().decode(value).split('"delta":{"content"').length - 1
    expect(together).toBeGreaterThan(90)
    while (!(await reader.read()).done);
    expect(nowMs() - startMs).toBeLessThan(200 + 1500)
  })

  test('firstTokenMs holds back the first token, not the opening event', async () => {
    const startMs = nowMs()
    const response = await ask('/chat/completions', streamChat('tokens=2&firstTokenMs=150'))
    const reader = bodyOf(response).getReader()
    const opening = new TextDecoder().decode((await reader.read()).value)
    expect(opening).toContain('"role":"assistant"')
    expect(nowMs() - startMs).toBeLessThan(140)
    await reader.read()
    expect(nowMs() - startMs).toBeGreaterThan(147)
    await reader.cancel()
  })

  test('headersMs holds back the status line', async () => {
    const startMs = nowMs()
    await (await ask('/chat/completions', streamChat('tokens=1&fail=slow-headers@100'))).text()
    expect(nowMs() - startMs).toBeGreaterThan(97)
  })

  test('a whole answer takes as long as the stream would', async () => {
    const startMs = nowMs()
    await ask('/chat/completions', chat('stream?tokens=11&tokensPerSecond=100'))
    expect(nowMs() - startMs).toBeGreaterThan(97)
  })

  test('tokensPerChunk tokens come in one piece, each in its own event', async () => {
    const seen = await arrivals('tokens=100&tokensPerSecond=0&tokensPerChunk=25')
    // The opening event is one step of the first piece.
    expect(seen.map(({ tokens }) => tokens)).toEqual([24, 25, 25, 25, 1])
    const paced = await arrivals('tokens=12&tokensPerSecond=100&tokensPerChunk=4')
    expect(paced.map(({ tokens }) => tokens % 4)).toEqual(paced.map(() => 0))
    expect(paced.at(-1)?.atMs).toBeGreaterThan(77)
  })

  test('as fast as the client reads still lets others run', async () => {
    const response = await ask('/chat/completions', streamChat('tokens=200000'))
    let turns = 0
    const others = setInterval(() => turns++, 1)
    for await (const _ of bodyOf(response)) if (turns > 3) break
    clearInterval(others)
    expect(turns).toBeGreaterThan(3)
  })
})

describe('back-pressure', () => {
  test('nothing is made ahead of the reader', async () => {
    let made = 0
    let closed = false
    function* endless(): Generator<Step, void> {
      try {
        for (;;) {
          made++
          yield { dueMs: 0, text: `${made}\n` }
        }
      } finally {
        closed = true
      }
    }
    const signal = new AbortController().signal
    const body = pacedBody(endless(), { startMs: nowMs(), stepsPerChunkMax: 3, signal })
    await Bun.sleep(20)
    expect(made).toBe(0)
    const reader = body.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('1\n2\n3\n')
    await Bun.sleep(20)
    expect(made).toBe(3)
    await reader.cancel()
    expect([made, closed]).toEqual([3, true])
  })

  test('a socket whose reader stands still leaves no growth', async () => {
    const server = mountDemo()
    const response = await fetch(`${server.url}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(streamChat('tokens=3000000&tokensPerChunk=50')),
    })
    const reader = bodyOf(response).getReader()
    await reader.read()
    await Bun.sleep(300)
    Bun.gc(true)
    const before = process.memoryUsage.rss()
    await Bun.sleep(700)
    // The stream is 600 MB long; unread, it must not come into this process.
    expect(process.memoryUsage.rss() - before).toBeLessThan(24 * 1024 * 1024)
    await reader.cancel()
    const deadlineMs = nowMs() + 3000
    while (server.pending() > 0 && nowMs() < deadlineMs) await Bun.sleep(5)
    expect(server.pending()).toBe(0)
    await server.stop()
  })
})

describe('cancellation', () => {
  test('an aborted call is cut at once, in every phase', async () => {
    const phases: readonly [string, string, number][] = [
      ['before the headers', 'fail=slow-headers', 0],
      ['before the first token', 'firstTokenMs=60000', 1],
      ['between tokens', 'tokensPerSecond=0.01', 2],
      ['in silence', 'fail=stall@1', 2],
    ]
    for (const [phase, query, reads] of phases) {
      const caller = new AbortController()
      const reason = new Error(`The caller left ${phase}.`)
      const opened = ask('/chat/completions', streamChat(query), caller.signal)
      let pending: Promise<unknown> = opened
      if (reads > 0) {
        const reader = bodyOf(await opened).getReader()
        for (let left = reads; left > 0; left--) {
          // Opening and first token may come in one piece.
          const first = await Promise.race([reader.read(), Bun.sleep(50).then(() => null)])
          if (first === null) break
        }
        pending = reader.closed
      }
      const startMs = nowMs()
      caller.abort(reason)
      await expect(pending).rejects.toBe(reason)
      expect(nowMs() - startMs).toBeLessThan(100)
    }
  })

  test('a call that was aborted before is not answered', async () => {
    const signal = AbortSignal.abort(new Error('Too late.'))
    await expect(ask('/models', null, signal)).rejects.toThrow('Too late.')
  })

  test.each(['abort', 'cancel', 'end', 'whole', 'headers'])(
    'after %s no timer is left: the process ends by itself',
    async (how) => {
      const script = new URL('leave.ts', import.meta.url).pathname
      const child = Bun.spawn([process.execPath, script, how, randomUUID()], { stderr: 'pipe' })
      const late = setTimeout(() => child.kill(), 10_000)
      const status = await child.exited
      clearTimeout(late)
      expect([status, child.signalCode, await new Response(child.stderr).text()]).toEqual([
        0,
        null,
        '',
      ])
    },
    15_000,
  )

  test('no listener is left on the signal of a call that ended', async () => {
    const { signal } = new AbortController()
    const live = new Set<unknown>()
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    Object.assign(signal, {
      addEventListener: (...all: Parameters<typeof add>) => {
        live.add(all[1])
        add(...all)
      },
      removeEventListener: (...all: Parameters<typeof remove>) => {
        live.delete(all[1])
        remove(...all)
      },
    })
    const response = await ask('/chat/completions', streamChat('tokens=3'), signal)
    expect(live.size).toBe(1)
    await response.text()
    expect(live.size).toBe(0)
    await ask('/chat/completions', chat('stream?fail=slow-headers@5'), signal)
    expect(live.size).toBe(0)
    const cancelled = await ask('/chat/completions', streamChat('fail=stall@0'), signal)
    await cancelled.body?.cancel()
    expect(live.size).toBe(0)
  })
})
