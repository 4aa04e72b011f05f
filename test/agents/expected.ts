/** What a provider must find in a request, and an agent in an answer. */
import { expect } from 'bun:test'
import type { Agent, Answered } from './clients/client.ts'
import type { Seen, SeenThinking, SeenTurn } from './conversation.ts'
import type { ScriptedProvider, Step } from './providers/provider.ts'
import {
  ANSWER,
  argumentsOf,
  CALLS,
  FOLLOW_UP,
  IMAGE,
  LAST_ANSWER,
  PREAMBLE,
  QUESTION,
  RESULTS,
  SYSTEM,
  THINKING,
  TOOLS,
} from './scenario.ts'

/** Who is in a conversation: who is asked, and who made the calls in it. */
export interface Parties {
  readonly agent: Agent
  readonly provider: ScriptedProvider
  readonly caller: ScriptedProvider
}

/** Whether the provider shows what it thinks. */
const thinksAloud = ({ takesThinking }: ScriptedProvider): boolean => takesThinking !== 'none'

/** Expects that the whole conversation up to `step` has arrived. */
export function expectArrived(seen: Seen, text: string, step: Step, parties: Parties): void {
  const { provider, caller } = parties
  expect(seen.system).toBe(SYSTEM)
  const tools: unknown = seen.tools
  expect(tools).toEqual(TOOLS)
  const cannotThink = provider.thinksFromTheStart && caller !== provider && step === 'answer'
  expect(seen.thinks, 'asked to think').toBe(!cannotThink)
  const turns: unknown = seen.turns.map(asComparable(parties))
  expect(turns).toEqual(turnsUntil(step, parties))
  // Whoever did not make a proof never sees it.
  const proof = caller.signature?.split(':').at(-1)
  if (proof !== undefined && caller !== provider) expect(text).not.toContain(proof)
}

/** Ids are exact where the provider made them; elsewhere their order was compared already. */
function asComparable({ provider, caller }: Parties): (turn: SeenTurn) => SeenTurn {
  const hasOwnIds = caller === provider && caller.callIds !== null
  return (turn) => {
    if (turn.role === 'user') return turn
    if (turn.role === 'tool') {
      const results = turn.results.map((result, index) => {
        if (result.name !== null) expect(result.name).toBe(CALLS[index]?.name ?? '')
        return { ...result, id: hasOwnIds ? result.id : null, name: null }
      })
      return { role: 'tool', results }
    }
    const calls = turn.calls.map((call) => ({ ...call, id: hasOwnIds ? call.id : null }))
    // What another provider thought may come as plain text, and never with a proof.
    const thought = caller === provider ? turn.thinking : foreignThinking(turn.thinking)
    return { ...turn, thinking: thought, calls }
  }
}

/** Nothing, where it is all or nothing of what was thought; whatever else it is. */
function foreignThinking(thinking: SeenThinking | null): SeenThinking | null {
  const isWhole = thinking?.text === THINKING.join('') && thinking.signature === null
  return isWhole ? null : thinking
}

function turnsUntil(step: Step, parties: Parties): readonly SeenTurn[] {
  const { agent, provider, caller } = parties
  const { takesThinking, hearsFailure, dialect } = provider
  const mediaType = dialect === 'ollama-chat' ? null : IMAGE.mediaType
  const question: SeenTurn = {
    role: 'user',
    text: QUESTION,
    images: [{ mediaType, base64: IMAGE.base64 }],
  }
  if (step === 'calls') return [question]
  const ids = caller === provider ? caller.callIds : null
  const used: readonly SeenTurn[] = [
    question,
    {
      role: 'assistant',
      thinking: thinkingFor(parties, takesThinking),
      text: caller.hasPreamble ? PREAMBLE.join('') : '',
      calls: CALLS.map((call, index) => ({
        id: ids?.[index] ?? null,
        name: call.name,
        arguments: JSON.parse(argumentsOf(call)) as unknown,
      })),
    },
    {
      role: 'tool',
      results: RESULTS.map(({ text, isError }, index) => ({
        id: ids?.[index] ?? null,
        name: null,
        text,
        isError: hearsFailure ? isError && agent.tellsFailure : null,
      })),
    },
  ]
  if (step === 'answer') return used
  return [
    ...used,
    { role: 'assistant', thinking: null, text: ANSWER.join(''), calls: [] },
    { role: 'user', text: FOLLOW_UP, images: [] },
  ]
}

/** The thinking that goes back: with its proof to whoever made it, as text to those who want it. */
function thinkingFor(
  { provider, caller }: Parties,
  takes: ScriptedProvider['takesThinking'],
): SeenThinking | null {
  if (takes === 'none' || !thinksAloud(caller)) return null
  const text = THINKING.join('')
  return caller === provider ? { text, signature: provider.signature } : null
}

/** Expects that the agent got the whole answer. */
export function expectAnswered(got: Answered, step: Step, { provider }: Parties): void {
  const wantsTools = step === 'calls'
  const texts = { calls: provider.hasPreamble ? PREAMBLE : [], answer: ANSWER, last: LAST_ANSWER }
  const { calls, ...rest } = got
  expect(rest).toEqual({
    thinking: wantsTools && thinksAloud(provider) ? THINKING.join('') : '',
    text: texts[step].join(''),
    wantsTools: got.wantsTools === null ? null : wantsTools,
    inputTokens: 90,
    outputTokens: 30,
  })
  expect(calls.map(({ name, arguments: said }) => ({ name, arguments: said }))).toEqual(
    wantsTools
      ? CALLS.map((call) => ({
          name: call.name,
          arguments: JSON.parse(argumentsOf(call)) as unknown,
        }))
      : [],
  )
}
