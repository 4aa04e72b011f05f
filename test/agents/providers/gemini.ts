/** Gemini, of the generation that insists on the signatures of its calls. */
import { expect } from 'bun:test'
import type { z } from 'zod'
import {
  type AssistantDraft,
  emptyAssistant,
  expectOrder,
  type Seen,
  type SeenResult,
  type SeenTurn,
} from '../conversation.ts'
import { ANSWER, argumentsOf, CALLS, LAST_ANSWER, PREAMBLE, THINKING } from '../scenario.ts'
import { geminiRequest } from '../schemas/gemini.ts'
import type { ScriptedProvider, Step } from './provider.ts'

const signature = Buffer.from('gemini+thought/signature ?').toString('base64')

/** What Google documents for the calls of other models. */
const standIn = 'skip_thought_signature_validator'

function partsOf(step: Step): readonly (readonly object[])[] {
  if (step === 'answer') return ANSWER.map((text) => [{ text }])
  if (step === 'last') return LAST_ANSWER.map((text) => [{ text }])
  const calls = CALLS.map((call, index) => ({
    functionCall: { name: call.name, args: JSON.parse(argumentsOf(call)) as object },
    // Only the first of several calls is signed.
    ...(index === 0 && { thoughtSignature: signature }),
  }))
  return [
    ...THINKING.map((text) => [{ text, thought: true }]),
    ...PREAMBLE.map((text) => [{ text }]),
    calls,
  ]
}

function answer(step: Step): Uint8Array {
  const lists = partsOf(step)
  const chunks = lists.map((parts, index) => ({
    candidates: [
      {
        content: { parts, role: 'model' },
        ...(index === lists.length - 1 && { finishReason: 'STOP' }),
        index: 0,
      },
    ],
    usageMetadata: {
      ...{ promptTokenCount: 90, candidatesTokenCount: 21, thoughtsTokenCount: 9 },
      totalTokenCount: 120,
    },
    modelVersion: 'gemini-3-pro-preview',
    responseId: `resp-${step}`,
  }))
  const text = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`).join('')
  return new TextEncoder().encode(text)
}

type Body = z.infer<typeof geminiRequest>
type Content = Body['contents'][number]
type Signed = { readonly thoughtSignature?: string | undefined }

function readModel(contents: readonly Content[]): SeenTurn {
  const turn = emptyAssistant()
  let thought = ''
  let proof: string | null = null
  let hasThought = false
  for (const part of contents.flatMap(({ parts }) => parts)) {
    if ('functionCall' in part) readCall(part, turn)
    else if ('text' in part && part.thought === true) thought += part.text
    else if ('text' in part) turn.text += part.text
    hasThought ||= 'text' in part && part.thought === true
    const { thoughtSignature } = part as Signed
    if (thoughtSignature !== undefined && thoughtSignature !== standIn) proof = thoughtSignature
  }
  const isThinking = hasThought || proof !== null
  return { ...turn, thinking: isThinking ? { text: thought, signature: proof } : null }
}

/** The first call of a turn must be signed, by Google or by its word for the calls of others. */
function readCall(
  part: Extract<Content['parts'][number], { functionCall: unknown }>,
  turn: AssistantDraft,
): void {
  const { id = null, name, args = {} } = part.functionCall
  if (turn.calls.length === 0) expect(part.thoughtSignature, 'a signed call').toBeString()
  turn.calls.push({ id, name, arguments: args })
}

function readUser({ parts }: Content): readonly SeenTurn[] {
  const results: SeenResult[] = []
  const images: { mediaType: string; base64: string }[] = []
  let text = ''
  for (const part of parts) {
    if ('functionResponse' in part) {
      const { id = null, name, response } = part.functionResponse
      const isError = 'error' in response
      results.push({ id, name, text: String(response.error ?? response.output), isError })
    } else if ('inlineData' in part) {
      images.push({ mediaType: part.inlineData.mimeType, base64: part.inlineData.data })
    } else if ('text' in part) text += part.text
  }
  const answers: SeenTurn[] = results.length === 0 ? [] : [{ role: 'tool', results }]
  return text === '' && images.length === 0 ? answers : [...answers, { role: 'user', text, images }]
}

function read({ contents, systemInstruction, tools, generationConfig }: Body): Seen {
  const turns: SeenTurn[] = []
  for (let index = 0; index < contents.length; ) {
    const content = contents[index]
    if (content?.role === 'user') {
      turns.push(...readUser(content))
      index += 1
      continue
    }
    // The official client keeps a content for each chunk of an answer.
    const rest = contents.slice(index)
    const end = rest.findIndex(({ role }) => role === 'user')
    const answered = rest.slice(0, end === -1 ? rest.length : end)
    turns.push(readModel(answered))
    index += answered.length
  }
  const declarations = tools.flatMap(({ functionDeclarations }) => functionDeclarations)
  return {
    system: (systemInstruction?.parts ?? []).map(({ text }) => text).join(''),
    tools: declarations.map(({ name, description, parameters, parametersJsonSchema }) => {
      return { name, description, parameters: parametersJsonSchema ?? parameters }
    }),
    thinks: generationConfig?.thinkingConfig !== undefined,
    turns,
  }
}

/** The Gemini API. */
export const gemini: ScriptedProvider = {
  name: 'gemini',
  kind: 'gemini',
  dialect: 'gemini',
  model: 'gemini-3-pro-preview',
  environment: (url) => ({ GEMINI_API_KEY: 'AIza-test', GEMINI_BASE_URL: `${url}/v1beta` }),
  expectHead(request) {
    const path = '/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse'
    expect(request.path).toBe(path)
    expect(request.header('x-goog-api-key')).toBe('AIza-test')
  },
  schema: geminiRequest,
  read: (body) => expectOrder(read(body as Body)),
  contentType: 'text/event-stream',
  answer,
  callIds: null,
  signature,
  takesThinking: 'signed',
  thinksFromTheStart: false,
  hasPreamble: true,
  hearsFailure: true,
}
