/**
 * Signatures of one dialect, on their way through a client that speaks another.
 *
 * A model's opaque reasoning must be sent back with the next turn, to the provider that made it.
 * Clients keep what their own dialect has for exactly that (thinking blocks, encrypted content,
 * thought signatures) without looking inside; so a foreign signature travels there, marked with
 * whose it is, and is taken out when it returns. Where a tool call has no place for a signature, it
 * travels in a block of its own, just before.
 */
import { type ProtocolName, protocolNames } from '../names.ts'

/** What a sealed signature belongs to: visible thinking, hidden thinking, or the call after it. */
export type SealedKind = 'signature' | 'redacted' | 'tool'

/** A signature, and whose it is. */
export interface Sealed {
  readonly kind: SealedKind
  readonly signedBy: ProtocolName
  readonly signature: string
  /** The reasoning item's id where the dialect has one. */
  readonly id: string | null
}

/** What every sealed signature begins with; providers' own are base64 and have no dot. */
export const sealPrefix = 'sluice1.'

const sealed = /^sluice1\.([a-z-]+)\.(signature|redacted|tool)\.([^.]*)\.(.*)$/s

/** The text that carries `value` through a client. */
export function seal(value: Sealed): string {
  const id = encodeURIComponent((value.id ?? '').toWellFormed()).replaceAll('.', '%2E')
  return `${sealPrefix}${value.signedBy}.${value.kind}.${id}.${value.signature}`
}

/** What `text` carries, or null where it is not one of ours. Never throws. */
export function unseal(text: string): Sealed | null {
  const [, name, kind, id, signature] = sealed.exec(text) ?? []
  const signedBy = protocolNames.find((protocol) => protocol === name)
  if (signedBy === undefined || signature === undefined || id === undefined) return null
  try {
    return { kind: kind as SealedKind, signedBy, signature, id: decodeURIComponent(id) || null }
  } catch {
    return null
  }
}
