/** The bench of translation measures what it says, judges, and runs. */
import { describe, expect, test } from 'bun:test'
import { type Content, piecesOf, streamOf } from '../../bench/translate/content.ts'
import { above, type Cost, costTable, leastOf, verdict } from '../../bench/translate/costs.ts'
import { clientDialects, type Source } from '../../bench/translate/dialects.ts'
import { scenes } from '../../bench/translate/end-to-end.ts'
import { providerDialects } from '../../bench/translate/provider-dialects.ts'
import { collect } from '../../src/protocol/hub/collect.ts'
import { protocols } from '../../src/protocol/registry.ts'
import { translationOf } from '../../src/protocol/translation.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import { rootDirectory } from '../kit/binary.ts'

const eventsPerStream = 100
const sources: readonly Source[] = [
  ...Object.values(clientDialects),
  ...Object.values(providerDialects),
]
const streams = sources.flatMap((source) =>
  source.contents.map(
    (content) => [`${source.protocol.name}, ${content}`, source, content] as const,
  ),
)

/** What a stream says, of whatever it is that it says. */
function saidIn({ protocol }: Source, chunks: readonly Uint8Array[]) {
  const deframer = createDeframer(protocol.framing, 1 << 20)
  const reader = translationOf(protocol).reader()
  // Each chunk is one event, but for the end marker of chat completions.
  const frames = chunks.flatMap((chunk) => {
    const found = deframer.push(chunk)
    expect(found.length).toBe(1)
    return found
  })
  const events = [...frames.flatMap((frame) => reader.read(frame)), ...reader.end()]
  const { choices, error, ended, usage } = collect(events)
  expect([error, ended, choices.length]).toEqual([null, true, 1])
  const said: Record<Content, string> = { text: '', arguments: '', reasoning: '' }
  for (const part of choices[0]?.parts ?? []) {
    if (part.type === 'text') said.text += part.text
    if (part.type === 'reasoning') said.reasoning += part.text
    if (part.type === 'tool-call') said.arguments += part.arguments
  }
  return { said, reason: choices[0]?.finish?.reason, usage }
}

describe('the streams', () => {
  test.each(streams)('of %s', (_, source, content) => {
    const chunks = streamOf(source.events, content, eventsPerStream)
    expect(chunks.length).toBe(eventsPerStream)
    const { said, reason } = saidIn(source, chunks)
    const around = source.events(content, piecesOf(content, 2)).length - 2
    const wanted = piecesOf(content, eventsPerStream - around).join('')
    expect(said).toEqual({ text: '', arguments: '', reasoning: '', [content]: wanted })
    if (content === 'arguments') expect(() => JSON.parse(wanted)).not.toThrow()
    expect(reason).toBe(content === 'arguments' ? 'tool-calls' : 'stop')
  })

  test('are of every dialect that is translated, but for the legacy one', () => {
    const translated = Object.values(protocols).filter(({ translation }) => translation !== null)
    const names = translated.map(({ name }) => name).filter((name) => name !== 'openai-completions')
    expect(sources.map(({ protocol }) => protocol.name).sort()).toEqual(names.sort())
    const played = new Set(scenes.map(({ source }) => source))
    expect(sources.filter((source) => !played.has(source))).toEqual([])
  })
})

const cost = (extraMicros: number): Cost => ({
  ...{ content: 'text', provider: 'gemini', client: 'openai-chat' },
  ...{ passedMicros: 1, translatedMicros: 1 + extraMicros },
})

describe('the verdict', () => {
  test('is about the dearest', () => {
    const costs = [cost(1), cost(2.5)]
    expect(above(costs)).toEqual([])
    expect(verdict(costs, 3)).toStartWith('PASS')
    expect(verdict(costs, 3)).toContain('2.50 us (gemini -> openai-chat, text)')
    expect(costTable('here', costs, 3)).not.toContain('ABOVE')
  })

  test.each([3.1, Number.NaN, Number.POSITIVE_INFINITY])('fails at %p', (extraMicros) => {
    const costs = [cost(1), cost(extraMicros)]
    expect(above(costs)).toEqual([cost(extraMicros)])
    expect(verdict(costs, 3)).toStartWith('FAIL')
    expect(costTable('here', costs, 3)).toContain('ABOVE 3')
  })

  test('takes the least of what was measured twice, of either side', () => {
    const quiet: Cost = { ...cost(2), passedMicros: 0.5, translatedMicros: 4 }
    expect(leastOf([cost(2)], [quiet])).toEqual([{ ...cost(2), passedMicros: 0.5 }])
  })

  test('fails where nothing was measured', () => {
    expect(verdict([], 3)).toStartWith('FAIL')
  })
})

test('bench/translate.bench.ts --quick', async () => {
  const child = Bun.spawn([process.execPath, 'bench/translate.bench.ts', '--quick'], {
    cwd: rootDirectory,
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const exitCode = await child.exited
  const [stdout, stderr] = await output
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0)
  const [inProcess = '', endToEnd = ''] = stdout.split('end to end')
  for (const content of ['text', 'arguments', 'reasoning']) {
    expect(inProcess).toMatch(new RegExp(`^\\S+ -> \\S+ +${content} `, 'm'))
    expect(endToEnd).toMatch(new RegExp(`^\\S+ -> \\S+ +${content} `, 'm'))
  }
  expect(stdout).toContain('\nPASS translating costs at most')
}, 120_000)
