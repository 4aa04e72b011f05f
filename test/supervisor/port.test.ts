import { expect, test } from 'bun:test'
import { AddressError, claimPort } from '../../src/supervisor/port.ts'

function listen(hostname: string, port: number, reusePort = false) {
  return Bun.serve({ hostname, port, reusePort, fetch: () => new Response('other') })
}

test('port 0 becomes a free port that a server can then listen on', async () => {
  const claim = claimPort('127.0.0.1', 0)
  expect(claim.port).toBeGreaterThan(0)
  const server = listen('127.0.0.1', claim.port, true)
  expect(await (await fetch(server.url)).text()).toBe('other')
  await server.stop(true)
  claim.release()
})

test('an address is claimed once, and can be claimed again after its release', () => {
  const first = claimPort('127.0.0.1', 0)
  expect(() => claimPort('127.0.0.1', first.port)).toThrow('another sluice is running there')
  expect(() => claimPort('localhost', first.port)).toThrow(AddressError)
  first.release()
  const second = claimPort('127.0.0.1', first.port)
  expect(second.port).toBe(first.port)
  second.release()
})

test.each([
  ['127.0.0.1', '127.0.0.1', false],
  ['127.0.0.1', '127.0.0.1', true],
  ['0.0.0.0', '127.0.0.1', true],
  ['127.0.0.1', '0.0.0.0', true],
])('a listener on %s keeps %s from being claimed (reusePort %p)', async (theirs, ours, reuse) => {
  const server = listen(theirs, 0, reuse)
  const port = server.port ?? 0
  expect(() => claimPort(ours, port)).toThrow('the port is in use by another process')
  await server.stop(true)
  claimPort(ours, port).release()
})

test.each([
  ['192.0.2.1', 'HOST is not an address of this machine'],
  ['no-such-host.invalid', 'HOST is not an address that can be listened on'],
])('%s is told to be no address of this machine', (host, reason) => {
  expect(() => claimPort(host, 0)).toThrow(reason)
})
