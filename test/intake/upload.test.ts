import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from '../kit/signal.ts'
import { type Outcome, startReceiver } from './edge.ts'
import { EdgeChild } from './edge-child.ts'

const mebibyte = 1 << 20
const directory = mkdtempSync(join(tmpdir(), 'upload-'))
const receiver = startReceiver()
let child: EdgeChild
beforeAll(async () => {
  child = await EdgeChild.start(directory, receiver.url.href)
  // What the runtime takes once, for its compiler and its client, is not what an upload costs.
  const { url } = await child.ask()
  for (const type of ['audio/wav', 'application/json']) {
    const { body } = upload('{"x":"', '"}')
    const headers = { 'content-type': type }
    await (await fetch(`${url}other`, { method: 'POST', body, headers })).text()
  }
})
afterAll(async () => {
  await child.kill()
  await receiver.stop(true)
  rmSync(directory, { recursive: true })
})

const block = Buffer.from(crypto.getRandomValues(new Uint8Array(30_000)).toBase64())
const blocks = Math.ceil((50 * mebibyte) / block.length)
const form = { 'content-type': 'multipart/form-data; boundary=b' }
const json = { 'content-type': 'application/json' }
const field = '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nm\r\n'
const file = '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'

/** `before`, 50 MiB, `after`: as a stream, and what its hash must be. */
function upload(before: string, after: string) {
  const hash = new Bun.CryptoHasher('sha256').update(before)
  for (let index = 0; index < blocks; index += 1) hash.update(block)
  hash.update(after)
  let index = -1
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (index === -1) controller.enqueue(Buffer.from(before))
      else if (index < blocks) controller.enqueue(block)
      else {
        controller.enqueue(Buffer.from(after))
        controller.close()
      }
      index += 1
    },
  })
  const length = before.length + blocks * block.length + after.length
  return { body, sha256: hash.digest('hex'), length }
}

test.each([
  ['audio, straight through', 'other', { 'content-type': 'audio/wav' }, '', '', 'straight'],
  ['a form with the model in front', 'other', form, field + file, '\r\n--b--\r\n', 'straight'],
  ['a form with the model behind', 'other', form, file, `\r\n${field}--b--\r\n`, 'spool'],
  ['JSON', 'chat-completions', json, '{"x":"', '","model":"m"}', 'spool'],
])('50 MiB of %s stay out of memory', async (_name, path, headers, before, after, kept) => {
  for (const declares of [true, false]) {
    let leastMebibytes = Number.POSITIVE_INFINITY
    // What a collection happens to leave differs from run to run by more than what is asked here.
    for (let run = 0; run < 3; run += 1) {
      const { body, sha256, length } = upload(before, after)
      const base = await child.ask('forget')
      const all = declares ? { ...headers, 'content-length': String(length) } : headers
      const answer = await fetch(base.url + path, { method: 'POST', body, headers: all })
      expect((await answer.json()) as Outcome).toMatchObject({ kept, sha256, bytes: length })
      const { rssMaxBytes } = await child.ask()
      leastMebibytes = Math.min(leastMebibytes, (rssMaxBytes - base.rssMaxBytes) / mebibyte)
      await eventually(async () => (await child.ask()).files === 0, 'the file is gone')
      expect(readdirSync(directory)).toEqual([])
      expect(await child.ask()).toMatchObject({ files: 0, bytes: 0, underway: 0 })
    }
    // Without a length the runtime's own client and server take more, for a body of any size.
    expect(leastMebibytes).toBeLessThan(declares ? 20 : 32)
  }
})
