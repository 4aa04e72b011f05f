import { describe, expect, test } from 'bun:test'
import type { Protocol, Sighting, StreamWatch } from '../../../src/protocol/protocol.ts'
import { protocols } from '../../../src/protocol/registry.ts'
import { ask } from '../stand.ts'

/** What the program's own watch sees in a stream of the demo provider. */
async function watched(
  protocol: Protocol,
  path: string,
  query: string,
): Promise<{ sightings: Sighting[]; watch: StreamWatch }> {
  const response = await ask(path, {
    model: `stream?tokens=5&${query}`,
    messages: [],
    prompt: 'x',
    input: 'x',
    stream: true,
    stream_options: { include_usage: true },
  })
  const watch = protocol.watch()
  const sightings = (await response.text())
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => watch.look(line.slice(6)))
  return { sightings, watch }
}

describe.each([
  ['/chat/completions', protocols.chat],
  ['/completions', protocols.completions],
  ['/responses', protocols.responses],
] as const)('%s as the program sees it', (path, protocol) => {
  test('a good stream finishes, ends, and reports its usage', async () => {
    const { sightings, watch } = await watched(protocol, path, '')
    expect(sightings.filter((each) => each === 'content').length).toBeGreaterThanOrEqual(5)
    expect(sightings).not.toContain('invalid')
    expect(sightings).not.toContain('error')
    expect(sightings.at(-1)).toBe('end')
    expect([watch.finished, watch.ended, watch.error]).toEqual([true, true, null])
    expect(watch.usage).toMatchObject({ inputTokens: 1, outputTokens: 5, reasoningTokens: 0 })
  })

  test('a truncated one neither finishes nor ends', async () => {
    const { watch } = await watched(protocol, path, 'fail=truncate@3')
    expect([watch.finished, watch.ended, watch.error]).toEqual([false, false, null])
  })

  test.each([0, 3])('an error after %i tokens is seen as one', async (at) => {
    const { sightings, watch } = await watched(protocol, path, `fail=error@${at}`)
    expect(sightings).toContain('error')
    expect(sightings.filter((each) => each === 'content')).toHaveLength(at)
    expect(watch.error?.message).toContain('asked to fail here')
  })

  test('an invalid event is the only one that is not understood', async () => {
    const { sightings } = await watched(protocol, path, 'fail=invalid@3')
    expect(sightings.filter((each) => each === 'invalid')).toHaveLength(1)
    expect(sightings.at(-1)).toBe('end')
  })
})
