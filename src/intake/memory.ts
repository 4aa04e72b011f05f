/**
 * Gives memory back at a known moment. A chunk is garbage once it was sent or written; left to the
 * collector, one upload of any size keeps some 40 MB of such garbage around.
 */

/** Whether nothing else lives in the chunk's buffer. */
export function isWhole(chunk: Uint8Array): boolean {
  return chunk.length === chunk.buffer.byteLength
}

/** Frees a buffer: every view of it is empty from here on. */
export function freeBuffer(buffer: ArrayBufferLike): void {
  // Moving the memory into a buffer of no length is the language's way to let go of it.
  if (buffer instanceof ArrayBuffer) buffer.transfer(0)
}

/** Frees a chunk that nobody else holds. */
export function free(chunk: Uint8Array): void {
  if (isWhole(chunk)) freeBuffer(chunk.buffer)
}
