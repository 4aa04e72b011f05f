/** Bun's direct streams: the body of a response that writes into its socket by itself. */
import type { DirectController } from './outlet.ts'

/** What writes one. */
export interface DirectSource {
  /** Called once; the response is over when it resolves. Where it rejects, it is reset. */
  pull(controller: DirectController): Promise<void>
  /** The client closed the connection. */
  cancel(): void
}

/** Its stream. */
export function directStream(writer: DirectSource, chunkBytes: number): ReadableStream {
  // The types of the web know no direct streams, which are Bun's own.
  const source = {
    type: 'direct' as const,
    pull: (controller: DirectController) => writer.pull(controller),
    cancel: () => writer.cancel(),
  }
  return new ReadableStream(source as unknown as UnderlyingDefaultSource<Uint8Array>, {
    highWaterMark: chunkBytes,
  })
}
