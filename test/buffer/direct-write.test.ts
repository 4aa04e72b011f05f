/**
 * Whether a direct stream's `write` takes its bytes before it returns. The relay writes from
 * pooled buffers and writes the next bytes over the last ones, which is only right while that
 * holds; it is measured, not promised, so it is measured again on every version of Bun.
 *
 * One buffer, filled with a number, written, and spoiled at once. The client reads nothing until
 * the server has met back-pressure and written on into it, so the bytes pass through every way
 * that `write` has: straight to the socket, and waiting for it.
 */
import { expect, test } from 'bun:test'

const KIB = 1024
const MIB = 1024 * KIB
const spoiled = 0xee
/** More than the kernel holds for a stalled client, with socket buffers of the usual limits. */
const stalledBytesMax = 96 * MIB
/** What is written after the first write that had to wait. */
const waitingBytes = 2 * MIB

type Controller = ReadableStreamDirectController

/** What happens between `write` and the moment when the buffer is spoiled. */
const modes = {
  'write only': () => {},
  'then flush': (controller: Controller) => void controller.flush(),
  'then a flush that waits': (controller: Controller) => {
    const flushed: unknown = controller.flush(true)
    if (flushed instanceof Promise) flushed.catch(() => {})
  },
}

/** The number that the `index`th write carries: never 0 and never the spoiled one. */
const markOf = (index: number): number => (index % 200) + 1

/** What the server did. */
interface Sent {
  writes: number
  /** Writes whose promise was still pending when the buffer was spoiled. */
  waited: number
}

function serve(
  writeBytes: number,
  mode: (controller: Controller) => void,
  spoilFirst: boolean,
  onStalled: () => void,
) {
  const sent: Sent = { writes: 0, waited: 0 }
  const buffer = new Uint8Array(writeBytes)
  const writeAndSpoil = (controller: Controller): number | Promise<number> => {
    buffer.fill(spoilFirst ? spoiled : markOf(sent.writes))
    const written: number | Promise<number> = controller.write(buffer)
    mode(controller)
    buffer.fill(spoiled)
    sent.writes += 1
    return written
  }
  const pull = async (controller: Controller): Promise<void> => {
    const pending: Promise<number>[] = []
    let bytesLeft = stalledBytesMax
    while (bytesLeft > 0) {
      const written = writeAndSpoil(controller)
      bytesLeft -= writeBytes
      if (typeof written === 'number') continue
      if (pending.length === 0) bytesLeft = waitingBytes
      pending.push(written)
      sent.waited += 1
    }
    onStalled()
    await Promise.all(pending)
    // Then as the relay does it, against a client that reads.
    for (let bytes = 0; bytes < waitingBytes; bytes += writeBytes) await writeAndSpoil(controller)
    controller.flush()
    controller.close()
  }
  // With the DOM's types in scope a direct source is not among those that a stream may have.
  const source = { type: 'direct', pull } as unknown as UnderlyingDefaultSource
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 60,
    fetch: () => new Response(new ReadableStream(source, { highWaterMark: 64 * KIB })),
  })
  return { server, sent }
}

/** Everything a server sends on one connection, read only from when `ready` resolves. */
async function readLate(port: number, ready: Promise<void>): Promise<Buffer> {
  const parts: Buffer[] = []
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      open(opened) {
        opened.pause()
        opened.write('GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n')
      },
      data: (_, bytes) => void parts.push(Buffer.from(bytes)),
      close: () => resolve(),
      error: (_, error) => reject(error),
    },
  })
  await ready
  expect(parts.length).toBe(0)
  socket.resume()
  await ended
  return Buffer.concat(parts)
}

/** The body of a response in chunked coding. Throws where the coding is not complete. */
function chunkedBody(response: Buffer): Buffer {
  const parts: Buffer[] = []
  let at = response.indexOf('\r\n\r\n') + 4
  if (!/transfer-encoding: chunked/i.test(response.toString('latin1', 0, at))) {
    throw new Error('not in chunked coding')
  }
  for (;;) {
    const lineEnd = response.indexOf('\r\n', at)
    const size = Number.parseInt(response.toString('latin1', at, lineEnd), 16)
    if (lineEnd === -1 || Number.isNaN(size)) throw new Error('the chunked coding is broken')
    if (size === 0) return Buffer.concat(parts)
    at = lineEnd + 2
    parts.push(response.subarray(at, at + size))
    at += size + 2
  }
}

/** How many writes did not arrive as they were when they were written. */
function countBadWrites(body: Buffer, writeBytes: number): number {
  const expected = Buffer.alloc(writeBytes)
  let bad = 0
  for (let index = 0; index * writeBytes < body.byteLength; index += 1) {
    expected.fill(markOf(index))
    const start = index * writeBytes
    if (body.compare(expected, 0, writeBytes, start, start + writeBytes) !== 0) bad += 1
  }
  return bad
}

async function run(writeBytes: number, mode: (controller: Controller) => void, spoilFirst = false) {
  const { promise: stalled, resolve: onStalled } = Promise.withResolvers<void>()
  const { server, sent } = serve(writeBytes, mode, spoilFirst, onStalled)
  try {
    const body = chunkedBody(await readLate(server.port ?? 0, stalled))
    const badWrites = countBadWrites(body, writeBytes)
    expect(server.pendingRequests).toBe(0)
    return { bytes: body.byteLength, badWrites, ...sent }
  } finally {
    await server.stop(true)
  }
}

for (const writeBytes of [200, 4 * KIB, 32 * KIB, 100 * KIB]) {
  for (const [name, mode] of Object.entries(modes)) {
    test(`a write of ${writeBytes} bytes is copied before it returns: ${name}`, async () => {
      const result = await run(writeBytes, mode)
      expect(result.badWrites).toBe(0)
      expect(result.bytes).toBe(result.writes * writeBytes)
      // Without a write that had to wait, the test has not seen what it is about.
      expect(result.waited).toBeGreaterThan(2)
    }, 30_000)
  }
}

test('the check sees a buffer that was spoiled before it was taken', async () => {
  const result = await run(32 * KIB, modes['write only'], true)
  expect(result.badWrites).toBe(result.writes)
}, 30_000)
