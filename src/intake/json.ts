/** The rules for a JSON body: what the endpoints need of it, on top of being JSON. */
import { GatewayError } from '../core/errors.ts'
import { checkModelName, type Inspector, type ModelSpan, tooLongName } from './inspector.ts'
import { JsonScanner } from './scan.ts'
import { Utf8Check } from './utf8.ts'

/** What an endpoint asks of its body. */
export interface JsonRules {
  /** One of those whose shape we know: an object. Elsewhere any JSON goes. */
  readonly isKnown: boolean
  /** Its body must name a model. */
  readonly namesModel: boolean
}

/** Reads a JSON body for its model and whether a stream was asked for. */
export class JsonInspector implements Inspector {
  model: string | null = null
  stream = false
  span: ModelSpan | null = null
  readonly #scanner: JsonScanner
  readonly #utf8 = new Utf8Check()
  readonly #rules: JsonRules

  /** @param depthMax how deep the body may nest */
  constructor(depthMax: number, rules: JsonRules) {
    this.#scanner = new JsonScanner(depthMax)
    this.#rules = rules
  }

  get outputTokensMax(): number | null {
    return this.#scanner.outputTokensMax
  }

  feed(chunk: Uint8Array): void {
    this.#utf8.feed(chunk)
    this.#scanner.feed(chunk)
  }

  finish(): void {
    this.#utf8.finish()
    this.#scanner.finish()
    if (this.#rules.isKnown) this.#judge()
    const { model, stream } = this.#scanner
    if (model.kind === 'too-long') throw tooLongName()
    if (model.kind === 'string' && model.text !== '') {
      this.model = checkModelName(model.text)
      this.span = { start: model.start, end: model.end, write: writeJsonText }
    }
    this.stream = stream === 'true'
  }

  /** Throws what a known endpoint refuses. Null counts as not given, as it does upstream. */
  #judge(): void {
    const { model, stream, isObject } = this.#scanner
    if (!isObject) throw invalid('The request body must be a JSON object.')
    if (stream === 'other') throw invalid("'stream' must be true or false.", 'stream')
    if (!this.#rules.namesModel) return
    if (model.kind === 'other') throw invalid("'model' must be a string.", 'model')
    const isEmpty = model.kind === 'string' && model.text === ''
    if (isEmpty || model.kind === 'absent' || model.kind === 'null') {
      throw new GatewayError('missing_model', { param: 'model' })
    }
  }
}

function invalid(message: string, param?: string): GatewayError {
  return new GatewayError('invalid_request', param === undefined ? { message } : { message, param })
}

function writeJsonText(name: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(name))
}
