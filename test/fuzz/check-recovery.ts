/**
 * What must hold for streams that may be gone on with: the same wherever they were cut, and what is
 * gone on from is what the client was sent.
 */
import type { Protocol } from '../../src/protocol/protocol.ts'
import { type AnswerContext, translationOf } from '../../src/protocol/translation.ts'
import { Editor } from '../../src/relay/editor.ts'
import { Transcript } from '../../src/relay/transcript.ts'
import { Translator } from '../../src/relay/translator.ts'
import { WatchedInspector } from '../../src/relay/watched.ts'
import { createDeframer } from '../../src/sse/deframe.ts'
import { bytesMax, exchange, inspected, type Passed, passed } from './passed.ts'
import { ensure } from './promises.ts'

/** A stream that breaks and is translated. Throws where a promise is broken. */
export function compareEdited(
  dialect: Protocol,
  client: Protocol,
  context: AnswerContext,
  [data, pieces]: readonly [Uint8Array, readonly Uint8Array[]],
): void {
  const [whole, parts] = [[data], pieces].map((chunks) => {
    const transcript = new Transcript(bytesMax, false)
    const editor = new Editor(transcript, () => transcript.isPlain)
    const edited = { editor }
    const passage = new Translator(dialect, client, context, exchange(), bytesMax, edited)
    return taken(passed(passage, chunks), transcript, client)
  })
  ensure(Bun.deepEquals(whole, parts), `${client.name} is gone on with otherwise when cut`, [
    whole,
    parts,
  ])
}

/** A stream that breaks and passes as it is. Throws where a promise is broken. */
export function compareWatched(
  dialect: Protocol,
  [data, pieces]: readonly [Uint8Array, readonly Uint8Array[]],
): void {
  const [whole, parts] = [[data], pieces].map((chunks) => {
    const transcript = new Transcript(bytesMax, true)
    const holds = (): boolean => transcript.isPlain
    const result = inspected(
      (tail) => new WatchedInspector(dialect, tail, exchange(), bytesMax, transcript, holds),
      chunks,
    )
    const text = Buffer.from(result.text, 'latin1').toString()
    return { ...taken({ ...result, text }, transcript, dialect), events: transcript.takeEvents() }
  })
  ensure(Bun.deepEquals(whole, parts), 'what passes is gone on with otherwise when cut', [
    whole,
    parts,
  ])
}

/** What counts of a stream, once it is known that its transcript is right. */
function taken(
  { text, failure, held }: Omit<Passed, 'passage'>,
  transcript: Transcript,
  client: Protocol,
) {
  const { isPlain, openBlock, nextBlock } = transcript
  const said = transcript.text.toWellFormed()
  if (failure !== null && isPlain) {
    const read = textIn(text, client)
    ensure(read === said, `${client.name} was sent another text`, [read, said, text])
  }
  // Nobody asks where a transcript stands that cannot be gone on from.
  return { text, failure, held, ...(isPlain && { said, openBlock, nextBlock }) }
}

/** The text that a client reads. */
function textIn(text: string, client: Protocol): string {
  const reader = translationOf(client).reader()
  const frames = createDeframer('sse', 1 << 26).push(new TextEncoder().encode(text))
  return frames
    .flatMap((frame) => reader.read(frame))
    .map((event) => (event.type === 'text-delta' && event.choice === 0 ? event.text : ''))
    .join('')
    .toWellFormed()
}
