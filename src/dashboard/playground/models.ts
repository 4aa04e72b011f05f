/** The models that the server has for a key. */
import { useEffect, useState } from 'react'
import { isObject, textAt } from '../../core/json.ts'

/** What came of asking for them. */
export interface Models {
  readonly ids: readonly string[]
  /** A sentence where they could not be had; else null. */
  readonly problem: string | null
  /** The server lets nobody in without a key, or not with this one. */
  readonly needsKey: boolean
}

const none: Models = { ids: [], problem: null, needsKey: false }

/** Keys are typed letter by letter: this long nothing was typed. */
const TYPED_MS = 300

/** `GET /v1/models`, again for each key. */
export function useModels(apiKey: string): Models {
  const [models, setModels] = useState(none)
  useEffect(() => {
    const abort = new AbortController()
    const ask = async (): Promise<void> => {
      const found = await askForModels(apiKey, abort.signal)
      if (!abort.signal.aborted) setModels(found)
    }
    const timer = setTimeout(() => void ask(), apiKey === '' ? 0 : TYPED_MS)
    return () => {
      clearTimeout(timer)
      abort.abort()
    }
  }, [apiKey])
  return models
}

async function askForModels(apiKey: string, signal: AbortSignal): Promise<Models> {
  try {
    const headers = { ...(apiKey !== '' && { authorization: `Bearer ${apiKey}` }) }
    const response = await fetch('/v1/models', { headers, signal })
    if (!response.ok) {
      const needsKey = response.status === 401
      const problem = needsKey
        ? 'The server wants an API key.'
        : `The models could not be listed: the server answered ${response.status}.`
      return { ids: [], problem, needsKey }
    }
    return { ...none, ids: idsIn(await response.json()) }
  } catch {
    return { ...none, problem: 'The models could not be listed: the server did not answer.' }
  }
}

function idsIn(body: unknown): readonly string[] {
  const data = isObject(body) ? body.data : null
  if (!Array.isArray(data)) return []
  return data.flatMap((model) => (isObject(model) ? (textAt(model, 'id') ?? []) : []))
}
