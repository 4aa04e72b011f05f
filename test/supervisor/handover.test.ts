import { expect, test } from 'bun:test'
import { handOver } from '../../src/supervisor/handover.ts'

function serve(name: string, port: number) {
  const fetch = () => new Response(name)
  return Bun.serve({ hostname: '127.0.0.1', port, reusePort: true, fetch })
}

async function answers(port: number, count: number): Promise<Set<string>> {
  const names = new Set<string>()
  for (let request = 0; request < count; request++) {
    const response = await fetch(`http://127.0.0.1:${port}/`, { keepalive: false })
    names.add(await response.text())
  }
  return names
}

test.if(process.platform === 'linux')(
  'new connections go to the newest socket, and are dealt out again when the oldest has closed',
  async () => {
    const first = serve('first', 0)
    const port = first.port ?? 0
    const others = [serve('second', port), serve('third', port)]
    expect(await answers(port, 60)).toEqual(new Set(['first', 'second', 'third']))
    expect(await handOver(port)).toBe(true)
    expect(await answers(port, 60)).toEqual(new Set(['third']))
    await first.stop()
    expect(await answers(port, 60)).toEqual(new Set(['second', 'third']))
    await Promise.all(others.map((server) => server.stop()))
  },
)

test('a lone socket, or one of another process, is left alone', async () => {
  const server = serve('only', 0)
  const port = server.port ?? 0
  expect(await handOver(port)).toBe(false)
  expect(await answers(port, 5)).toEqual(new Set(['only']))
  await server.stop()
  expect(await handOver(port)).toBe(false)
})
