/** Which model a provider says that its answer is of. */
import { isObject } from '../../core/json.ts'
import type { HubEvent } from '../../protocol/hub/events.ts'
import { translationOf } from '../../protocol/translation.ts'
import type { Opened } from '../../provider/call.ts'
import { createDeframer } from '../../sse/deframe.ts'

/** A longer name is none. */
const NAME_LENGTH_MAX = 256

/** More of the beginning of an answer than its first event is not looked at. */
const HEAD_BYTES_MAX = 256 * 1024

/** The model by the beginning of an answer, which is there when it opens; null where none is. */
export function modelOf({ protocol, isEventStream, head, reader }: Opened): string | null {
  const bytes = head.reduce((sum, chunk) => sum + chunk.length, 0)
  if (protocol.translation === null || bytes === 0 || bytes > HEAD_BYTES_MAX) return null
  if (!isEventStream && reader !== null) return null
  try {
    const model = isEventStream ? streamed(protocol, head) : whole(protocol, head)
    return model === '' || model.length > NAME_LENGTH_MAX ? null : model
  } catch {
    // What cannot be read here is read by whoever it is for.
    return null
  }
}

function streamed(protocol: Opened['protocol'], head: Opened['head']): string {
  const deframer = createDeframer(protocol.framing, HEAD_BYTES_MAX)
  const reader = translationOf(protocol).reader()
  for (const chunk of head) {
    for (const frame of deframer.push(chunk)) {
      const model = modelAmong(reader.read(frame))
      if (model !== '') return model
    }
  }
  return ''
}

function whole(protocol: Opened['protocol'], head: Opened['head']): string {
  const body: unknown = JSON.parse(new TextDecoder().decode(Buffer.concat(head)))
  return isObject(body) ? modelAmong(translationOf(protocol).readResponse(body)) : ''
}

const modelAmong = (events: readonly HubEvent[]): string =>
  events.find((event) => event.type === 'start')?.model ?? ''
