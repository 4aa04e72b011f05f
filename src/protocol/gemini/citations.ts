/**
 * Sources of an answer. Google counts their places in bytes of UTF-8, the hub in characters; they
 * are left unsaid, since a wrong place is worse than none.
 */
import { isObject, type JsonObject, numberAt, objectAt, textAt } from '../../core/json.ts'
import type { Citation } from '../hub/request.ts'
import { camelAt, objectsAt } from './fields.ts'

/** The sources in a candidate's `citationMetadata` and `groundingMetadata`, in order. */
export function readCitations(candidate: JsonObject): readonly Citation[] {
  const cited = camelAt(candidate, 'citationMetadata')
  const grounding = camelAt(candidate, 'groundingMetadata')
  return [
    ...(cited === null ? [] : readSources(cited)),
    ...(grounding === null ? [] : readGrounding(grounding)),
  ]
}

/** Gemini calls them `citationSources`, Vertex `citations`. */
function readSources(metadata: JsonObject): readonly Citation[] {
  const sources = [...objectsAt(metadata, 'citationSources'), ...objectsAt(metadata, 'citations')]
  return sources.map((source) => citation(source, null, source))
}

/** One for each sentence and source; the sources alone where no sentence is named. */
function readGrounding(metadata: JsonObject): readonly Citation[] {
  const chunks = objectsAt(metadata, 'groundingChunks')
  const supports = objectsAt(metadata, 'groundingSupports')
  if (supports.length === 0) return chunks.map((chunk) => citation(sourceOf(chunk), null, chunk))
  const found: Citation[] = []
  for (const support of supports) {
    const text = textAt(objectAt(support, 'segment') ?? {}, 'text')
    const indices = support.groundingChunkIndices
    for (const index of Array.isArray(indices) ? indices : []) {
      const chunk = typeof index === 'number' ? chunks[index] : undefined
      if (chunk !== undefined) found.push(citation(sourceOf(chunk), text, chunk))
    }
  }
  return found
}

function sourceOf(chunk: JsonObject): JsonObject {
  const source = chunk.web ?? chunk.retrievedContext ?? chunk.maps ?? chunk.image
  return isObject(source) ? source : {}
}

function citation(source: JsonObject, citedText: string | null, native: JsonObject): Citation {
  return {
    url: textAt(source, 'uri'),
    title: textAt(source, 'title'),
    citedText,
    start: null,
    end: null,
    native: { dialect: 'gemini', value: native },
  }
}

/** A key under which a source that is repeated in later chunks is known again. */
export function citationKey(citation: Citation): string {
  const native = isObject(citation.native.value) ? citation.native.value : {}
  const place = [numberAt(native, 'startIndex'), numberAt(native, 'endIndex')]
  return JSON.stringify([citation.url, citation.title, citation.citedText, ...place])
}

/** Sources of another dialect as `groundingMetadata`, where Google's clients look for them. */
export function writeGrounding(citations: readonly Citation[]): JsonObject {
  const supports = citations.flatMap(({ citedText }, index) =>
    citedText === null ? [] : [{ segment: { text: citedText }, groundingChunkIndices: [index] }],
  )
  return {
    groundingChunks: citations.map(chunkOf),
    ...(supports.length > 0 && { groundingSupports: supports }),
  }
}

/** A page of the web has an address, which clients insist on; any other source is a document. */
function chunkOf({ url, title }: Citation): JsonObject {
  const named = title === null ? {} : { title }
  return url === null ? { retrievedContext: named } : { web: { uri: url, ...named } }
}
