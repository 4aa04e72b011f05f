import { afterAll, describe, expect, test } from 'bun:test'
import { MemoryBody } from '../../src/intake/body.ts'
import { JsonInspector } from '../../src/intake/json.ts'
import { Edge } from './edge.ts'
import { pick, randomFrom, randomJson, randomString, randomStringText, testSeed } from './random.ts'

const edge = new Edge({ memoryBytesMax: 1000 })
afterAll(() => edge.close())

/** A JSON object with its model anywhere: the text before the name, and after it. */
function withModel(random: () => number, model: string): { before: string; after: string } {
  const member = () => {
    const name = pick(random, ['messages', 'Model', 'models', '__proto__', randomString(random)])
    // Two of our own keys would be refused.
    const safe = name === 'model' || name === 'stream' ? 'x' : name
    return `${randomStringText(random, safe)}:${randomJson(random)}`
  }
  const list = (count: number) => Array.from({ length: count }, member)
  const before = list(Math.floor(random() * 4))
  const after = list(Math.floor(random() * 4))
  const key = `${pick(random, ['', ' ', '\n'])}${randomStringText(random, 'model')} :`
  return {
    before: `{${[...before, key].join(',')}${pick(random, ['', '\t'])}`,
    after: `${['', ...after].join(' ,')}}${model === '' ? '' : pick(random, ['', '\n'])}`,
  }
}

describe('another model name takes the place of the first', () => {
  test('and changes no other byte', () => {
    const seed = testSeed()
    const random = randomFrom(seed)
    for (let round = 0; round < 3000; round += 1) {
      const model = pick(random, ['gpt-4o', 'a/b', 'é😀', 'x"y', 'm\\n'])
      const renamed = pick(random, ['provider/other', 'ü"\\', 'x', '😀'])
      const { before, after } = withModel(random, model)
      const text = before + randomStringText(random, model) + after
      const bytes = new TextEncoder().encode(text)
      const inspector = new JsonInspector(128, { isKnown: true, namesModel: true })
      const cut = Math.floor(random() * bytes.length)
      inspector.feed(bytes.subarray(0, cut))
      inspector.feed(bytes.subarray(cut))
      inspector.finish()
      const spliced = new TextDecoder().decode(new MemoryBody(bytes, inspector.span).open(renamed))
      const label = `seed ${seed}: ${text}`
      expect(inspector.model, label).toBe(model)
      expect(spliced, label).toBe(before + JSON.stringify(renamed) + after)
      const parsed = JSON.parse(text) as Record<string, unknown>
      expect(JSON.stringify(JSON.parse(spliced)), label).toBe(
        JSON.stringify({ ...parsed, model: renamed }),
      )
    }
  })

  test.each(['x', 'a-much-longer-name/than-before', 'ü"\\'])(
    'in memory and in a file: %s',
    async (name) => {
      for (const size of [10, 5000, 90_000]) {
        const before = `{"a":{"model":"decoy"},"x":"${'é'.repeat(size)}", "model":`
        const after = `, "y":"${'z'.repeat(size)}"}\n`
        const body = `${before}"gpt-\\u0034o"${after}`
        const headers = { 'content-type': 'application/json' }
        const path = `chat-completions?rename=${encodeURIComponent(name)}`
        const { outcome } = await edge.post(path, { body, headers })
        expect(outcome).toMatchObject({ model: 'gpt-4o', kept: size === 10 ? 'memory' : 'spool' })
        const received = Buffer.from(outcome.latin1 ?? '', 'latin1').toString('utf8')
        expect(received === before + JSON.stringify(name) + after).toBe(true)
      }
    },
  )
})
