/** The demo provider's embeddings: unit vectors, fixed by their text. */
import { GatewayError } from '../../core/errors.ts'
import type { JsonObject } from '../../core/json.ts'
import type { DemoOptions } from './options.ts'
import type { Step } from './steps.ts'
import { randomNumbers, seedOf } from './text.ts'

const DIMENSIONS_DEFAULT = 1536
const DIMENSIONS_MAX = 4096
const INPUTS_MAX = 2048

/**
 * The body of an embeddings answer, vector by vector, so that a large one is never whole in
 * memory.
 * @throws GatewayError `invalid_request` at once, before the first step, for a wrong request.
 */
export function embeddingSteps(
  request: JsonObject,
  model: string,
  options: DemoOptions,
): Iterator<Step, void> {
  const inputs = inputsOf(request.input)
  const dimensions = request.dimensions ?? DIMENSIONS_DEFAULT
  if (!isCount(dimensions) || dimensions > DIMENSIONS_MAX) {
    throw invalid('dimensions', `expected an integer from 1 to ${DIMENSIONS_MAX}`)
  }
  const format = request.encoding_format ?? 'float'
  if (format !== 'float' && format !== 'base64') {
    throw invalid('encoding_format', "expected 'float' or 'base64'")
  }
  return write(inputs, { dimensions, base64: format === 'base64', model, options })
}

interface Layout {
  readonly dimensions: number
  readonly base64: boolean
  readonly model: string
  readonly options: DemoOptions
}

function* write(inputs: readonly string[], layout: Layout): Generator<Step, void> {
  const dueMs = layout.options.firstTokenMs
  const model = JSON.stringify(layout.model)
  yield { dueMs, text: `{"object":"list","model":${model},"data":[` }
  let tokens = 0
  for (const [index, input] of inputs.entries()) {
    const vector = unitVector(input, layout)
    const embedding = layout.base64
      ? Buffer.from(vector.buffer).toString('base64')
      : Array.from(vector)
    const entry = JSON.stringify({ object: 'embedding', index, embedding })
    yield { dueMs, text: `${index === 0 ? '' : ','}${entry}` }
    tokens += Math.ceil(input.length / 4)
  }
  const usage = JSON.stringify({ prompt_tokens: tokens, total_tokens: tokens })
  yield { dueMs, text: `],"usage":${usage}}` }
}

function unitVector(input: string, layout: Layout): Float32Array<ArrayBuffer> {
  const random = randomNumbers((seedOf(input) + (layout.options.seed ?? 0)) >>> 0)
  const vector = new Float32Array(layout.dimensions)
  let square = 0
  for (let index = 0; index < vector.length; index++) {
    const value = random() * 2 - 1
    vector[index] = value
    square += value * value
  }
  const length = Math.sqrt(square) || 1
  return vector.map((value) => value / length)
}

/** A text, token numbers, or a list of either; each as the text that fixes its vector. */
function inputsOf(input: unknown): readonly string[] {
  if (typeof input === 'string') return [input]
  if (!Array.isArray(input) || input.length === 0) throw invalid('input', 'expected text')
  if (input.every((each) => typeof each === 'number')) return [input.join(' ')]
  if (input.length > INPUTS_MAX) throw invalid('input', `expected at most ${INPUTS_MAX} inputs`)
  return input.map((each) => {
    if (typeof each === 'string') return each
    if (Array.isArray(each) && each.every((token) => typeof token === 'number')) {
      return each.join(' ')
    }
    throw invalid('input', 'expected texts or lists of token numbers')
  })
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0
}

function invalid(field: string, expectation: string): GatewayError {
  return new GatewayError('invalid_request', {
    message: `Invalid value for '${field}': ${expectation}.`,
    param: field,
    providerCode: 'invalid_value',
  })
}
