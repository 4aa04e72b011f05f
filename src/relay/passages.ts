/** Which way a stream takes: as it is where both sides speak one dialect, else translated. */
import type { Opened } from '../provider/call.ts'
import type { RelayContext } from './context.ts'
import { EventInspector } from './inspector.ts'
import type { Passage } from './passage.ts'
import type { Tail } from './tail.ts'
import { Translator } from './translator.ts'

/** The passage of an open event stream. */
export function passageOf(opened: Opened, tail: Tail, context: RelayContext): Passage {
  const { settings, exchange, protocol } = context
  const bytesMax = Math.min(settings.eventBytesMax, settings.bufferedBytesMax)
  return opened.translated === null
    ? new EventInspector(opened.protocol, tail, exchange, bytesMax)
    : new Translator(opened.protocol, protocol, opened.translated, exchange, bytesMax)
}
