/** Images, documents, audio and video as Converse takes them: bytes with a format, or S3. */
import type { JsonObject } from '../../core/json.ts'
import { cannotSay } from '../hub/losses.ts'
import type { MediaSource, Part } from '../hub/request.ts'

type ImagePart = Extract<Part, { type: 'image' }>
type FilePart = Extract<Part, { type: 'file' }>
type AudioPart = Extract<Part, { type: 'audio' }>

const dialect = 'bedrock-converse'

const formats: ReadonlyMap<string, readonly [kind: string, format: string]> = new Map([
  ['image/png', ['image', 'png']],
  ['image/jpeg', ['image', 'jpeg']],
  ['image/jpg', ['image', 'jpeg']],
  ['image/gif', ['image', 'gif']],
  ['image/webp', ['image', 'webp']],
  ['application/pdf', ['document', 'pdf']],
  ['text/csv', ['document', 'csv']],
  ['text/html', ['document', 'html']],
  ['text/markdown', ['document', 'md']],
  ['text/plain', ['document', 'txt']],
  ['application/msword', ['document', 'doc']],
  ['application/vnd.ms-excel', ['document', 'xls']],
  ['application/vnd.openxmlformats-officedocument.wordprocessingml.document', ['document', 'docx']],
  ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', ['document', 'xlsx']],
  ['video/mp4', ['video', 'mp4']],
  ['video/quicktime', ['video', 'mov']],
  ['video/x-matroska', ['video', 'mkv']],
  ['video/webm', ['video', 'webm']],
  ['video/mpeg', ['video', 'mpeg']],
  ['video/3gpp', ['video', 'three_gp']],
])

/** Endings of names, for a source whose media type nobody said. */
const typeOfEnding: ReadonlyMap<string, string> = new Map([
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['gif', 'image/gif'],
  ['webp', 'image/webp'],
  ['pdf', 'application/pdf'],
  ['csv', 'text/csv'],
  ['html', 'text/html'],
  ['md', 'text/markdown'],
  ['txt', 'text/plain'],
  ['mp4', 'video/mp4'],
])

const endingOf = (name: string): string => /\.([a-z0-9]{1,5})$/i.exec(name)?.[1] ?? ''

const typeByName = (name: string): string => typeOfEnding.get(endingOf(name).toLowerCase()) ?? ''

/** @throws GatewayError the 400 for an address outside S3, or a format that AWS does not take. */
export function writeImage({ source }: ImagePart): JsonObject {
  return writeMedia(source, null, 'image')
}

/** @throws GatewayError like `writeImage`. */
export function writeFile({ source, filename }: FilePart): JsonObject {
  return writeMedia(source, filename, 'file')
}

/** Audio by bytes; formats have the names of files, such as `wav` and `mp3`. */
export function writeAudio({ data, format }: AudioPart): JsonObject {
  return { audio: { format, source: { bytes: data } } }
}

function writeMedia(source: MediaSource, filename: string | null, what: string): JsonObject {
  if (source.kind === 'file') throw cannotSay(dialect, 'file.id')
  if (source.kind === 'text') {
    const name = documentName(filename)
    return { document: { format: formatOfText(source), name, source: { text: source.text } } }
  }
  if (source.kind === 'url' && !source.url.startsWith('s3://')) {
    throw cannotSay(dialect, `${what}.url`)
  }
  const isAddress = source.kind === 'url'
  const name = filename ?? (isAddress ? source.url : '')
  const given = source.mediaType?.split(';')[0]?.trim().toLowerCase()
  const [kind, format] = formats.get(given ?? typeByName(name)) ?? []
  if (kind === undefined) throw cannotSay(dialect, 'media.format')
  const place = isAddress ? { s3Location: { uri: source.url } } : { bytes: source.data }
  const media = { format, source: place }
  return { [kind]: kind === 'document' ? { ...media, name: documentName(filename) } : media }
}

function formatOfText({ mediaType }: { readonly mediaType: string | null }): string {
  const [kind, format] = formats.get(mediaType ?? '') ?? []
  return kind === 'document' && format !== undefined ? format : 'txt'
}

const NAME_CHARS_MAX = 200

/** A name that AWS takes. Its documentation advises a neutral one, for the model reads it. */
function documentName(filename: string | null): string {
  const name = (filename ?? '')
    .replace(/\.[a-z0-9]{1,5}$/i, '')
    .replace(/[^a-zA-Z0-9()[\]-]+/g, ' ')
    .trim()
    .slice(0, NAME_CHARS_MAX)
  return name === '' ? 'document' : name
}
