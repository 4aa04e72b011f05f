/** What every reader promises of its events, and every writer of a request. */
import { expect } from 'bun:test'
import type { HubEvent } from '../../src/protocol/hub/events.ts'
import type { HubRequest, Part } from '../../src/protocol/hub/request.ts'
import type { Frame } from '../../src/sse/frame.ts'
import { mutate } from '../protocol/replay.ts'

/** Expects blocks that are numbered in order and ended once, and nothing after the last word. */
export function expectSane(events: readonly HubEvent[], round: number): void {
  const open = new Set<string>()
  const counts = new Map<number, number>()
  const last = events.at(-1)
  expect([round, last?.type === 'end' || last?.type === 'error']).toEqual([round, true])
  for (const [index, event] of events.entries()) {
    const isLast = index === events.length - 1
    const closes = event.type === 'end' || event.type === 'error'
    expect([round, index, closes]).toEqual([round, index, isLast])
    if (event.type === 'tool-start') expect(event.id).not.toBe('')
    if (!('block' in event)) continue
    const { choice, block } = event
    const key = `${choice} ${block}`
    // An empty block is only ever ended.
    if (!open.has(key)) {
      expect([round, block]).toEqual([round, counts.get(choice) ?? 0])
      counts.set(choice, block + 1)
      open.add(key)
    }
    if (event.type === 'block-end') open.delete(key)
  }
  if (last?.type === 'end') expect([round, open.size]).toEqual([round, 0])
}

/** A frame whose data was cut, emptied, or changed inside. */
export function spoilt({ event, data }: Frame, random: () => number): Frame {
  const luck = random()
  if (luck < 0.3) return { event, data }
  if (luck < 0.4) return { event, data: data.slice(0, Math.floor(random() * data.length)) }
  if (luck < 0.45) return { event: random() < 0.5 ? null : 'error', data }
  try {
    return { event, data: JSON.stringify(mutate(JSON.parse(data), random)) }
  } catch {
    return { event, data: '' }
  }
}

const textOf = (parts: readonly Part[]): string =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('')

/** What a request asks, in whichever messages it stands: the words, the calls, the settings. */
export function gist({ messages, tools, outputTokensMax, temperature, stop, stream }: HubRequest) {
  const parts = messages.flatMap((message) => message.parts)
  return {
    system: messages.filter(isSystem).map((message) => textOf(message.parts)),
    texts: messages
      .filter((each) => !isSystem(each))
      .map((each) => textOf(each.parts))
      .join(''),
    calls: parts.flatMap((part) =>
      part.type === 'tool-call' ? [[part.name, JSON.parse(part.arguments) as unknown]] : [],
    ),
    results: parts.flatMap((part) => (part.type === 'tool-result' ? [textOf(part.content)] : [])),
    tools: tools.map((tool) => (tool.type === 'native' ? '?' : tool.name)),
    outputTokensMax,
    temperature,
    stop,
    stream,
  }
}

const isSystem = ({ role }: { readonly role: string }): boolean =>
  role === 'system' || role === 'developer'
