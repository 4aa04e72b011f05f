/**
 * What looking at one event costs, beside the JSON.parse that it contains, for typical events.
 *
 * A round looks at a batch of events that differ, as in a stream; the ratio that is printed at the
 * end compares the two medians and leaves the batch out of it.
 *
 * Run with `bun --expose-gc bench/watch.bench.ts`.
 */
import { bench, do_not_optimize, group, run } from 'mitata'
import { openaiChat } from '../src/protocol/openai-chat.ts'
import { openaiCompletions } from '../src/protocol/openai-completions.ts'
import { openaiResponses } from '../src/protocol/openai-responses.ts'
import type { Protocol } from '../src/protocol/protocol.ts'

const batchSize = 64

const envelope = {
  id: 'chatcmpl-C1a2B3c4D5e6F7g8H9i0J1k2L3m4',
  object: 'chat.completion.chunk',
  created: 1_760_000_000,
  model: 'gpt-4o-mini-2024-07-18',
  service_tier: 'default',
  system_fingerprint: 'fp_0123456789',
}

const chat = (delta: object, rest: object = {}): object => ({
  ...envelope,
  choices: [{ index: 0, delta, logprobs: null, finish_reason: null }],
  obfuscation: 'Ab3dE5gH7',
  ...rest,
})

const usage = {
  prompt_tokens: 120,
  completion_tokens: 40,
  total_tokens: 160,
  prompt_tokens_details: { cached_tokens: 64, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
}

const textDelta = (delta: string, sequence_number: number): object => ({
  type: 'response.output_text.delta',
  sequence_number,
  item_id: 'msg_0123456789abcdef0123456789abcdef',
  output_index: 0,
  content_index: 0,
  delta,
  logprobs: [],
  obfuscation: 'Ab3dE5gH7',
})

const scenes: readonly (readonly [string, Protocol, (turn: number) => object])[] = [
  ['chat, text', openaiChat, (turn) => chat({ content: ` word${turn}` }, { usage: null })],
  [
    'chat, tool call',
    openaiChat,
    (turn) => chat({ tool_calls: [{ index: 0, function: { arguments: `"${turn}` } }] }),
  ],
  ['chat, reasoning', openaiChat, (turn) => chat({ content: null, reasoning_content: `${turn}` })],
  ['chat, usage in each', openaiChat, (turn) => chat({ content: `${turn}` }, { usage })],
  [
    'completions, text',
    openaiCompletions,
    (turn) => ({ ...envelope, choices: [{ text: `${turn}`, index: 0, finish_reason: null }] }),
  ],
  ['responses, text', openaiResponses, (turn) => textDelta(` word${turn}`, turn)],
]

for (const [name, protocol, make] of scenes) {
  const events = Array.from({ length: batchSize }, (_, turn) => JSON.stringify(make(turn)))
  group(`${name}, ${batchSize} events`, () => {
    bench(`JSON.parse, ${name}`, () => {
      for (const data of events) do_not_optimize(JSON.parse(data))
    })
    const watch = protocol.watch()
    bench(`look, ${name}`, () => {
      for (const data of events) do_not_optimize(watch.look(data))
    })
  })
}

const { benchmarks } = await run()

const medians = new Map<string, number>()
for (const { runs } of benchmarks) {
  for (const { name, stats } of runs) if (stats !== undefined) medians.set(name, stats.p50)
}
console.log(`\n${'event'.padEnd(22)} JSON.parse      look    ratio`)
for (const [name] of scenes) {
  const parse = (medians.get(`JSON.parse, ${name}`) ?? Number.NaN) / batchSize
  const look = (medians.get(`look, ${name}`) ?? Number.NaN) / batchSize
  const cells = [`${parse.toFixed(0)} ns`, `${look.toFixed(0)} ns`, (look / parse).toFixed(2)]
  console.log(`${name.padEnd(22)} ${cells.map((cell) => cell.padStart(9)).join('')}`)
}
