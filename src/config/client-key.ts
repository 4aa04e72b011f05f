/** What a key of a client may have of its own, wherever it was made. */

/** The priority classes, most important first. */
export const keyPriorities = ['high', 'normal', 'low'] as const

/** One of the priority classes. */
export type KeyPriority = (typeof keyPriorities)[number]

/** What a key may be used for: names, of which the last character may be `*`; null is all. */
export interface KeyScopes {
  readonly models: readonly string[] | null
  readonly routes: readonly string[] | null
  readonly providers: readonly string[] | null
}

/** How much a key may use in a minute or at once; null is no limit of its own. */
export interface KeyLimits {
  readonly requestsPerMinute: number | null
  readonly tokensPerMinute: number | null
  readonly concurrentStreams: number | null
}

/** What a key may spend, in US dollars; null is no limit of its own. */
export interface KeyBudget {
  readonly dailyUsd: number | null
  readonly monthlyUsd: number | null
}

/** All that is said of a key besides its secret. */
export interface KeyTraits {
  /** For people; not necessarily the only one of its name, except in the file. */
  readonly name: string
  readonly owner: string | null
  readonly tags: readonly string[]
  readonly scopes: KeyScopes
  readonly priority: KeyPriority
  readonly limits: KeyLimits
  readonly budget: KeyBudget
  /** Milliseconds since 1970; null is never. */
  readonly expiresAt: number | null
}

/** A key of the configuration file. */
export interface KeySettings extends KeyTraits {
  /** The secret itself. */
  readonly key: string
}

/** What the fields of a key may be; the file, the admin routes and the command line agree on it. */
export const keyRules = {
  name: {
    pattern: /^[\w.-]{1,64}$/,
    rule: 'a name of letters, digits, ., _ and -, at most 64 characters long',
  },
  owner: {
    pattern: /^(?!\s)[^\u0000-\u001f\u007f-\u009f]{1,128}(?<!\s)$/u,
    rule: '1 to 128 characters without control characters and without blanks at its ends',
  },
  tag: {
    pattern: /^[\w.:/=-]{1,64}$/,
    rule: 'letters, digits and . _ - : / =, at most 64 characters',
  },
  scope: {
    pattern: /^(?=[\s\S]{1,200}$)[^\u0000-\u001f\u007f-\u009f*]*\*?$/,
    rule: 'a name of 1 to 200 characters without control characters, where only the last may be *',
  },
  tagsMax: 32,
  scopesMax: 256,
  requestsPerMinuteMax: 1_000_000_000,
  tokensPerMinuteMax: 1_000_000_000_000,
  concurrentStreamsMax: 1_000_000,
  usdMax: 1_000_000_000,
} as const

/** Whether a name is among those that a scope allows. */
export function isInScope(scope: readonly string[] | null, name: string): boolean {
  if (scope === null) return true
  return scope.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  )
}

/** A moment as ISO 8601 with a time zone, in milliseconds since 1970; null where it is none. */
export function momentOf(text: string): number | null {
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text)
  const momentMs = isWhole ? Date.parse(text) : Number.NaN
  return Number.isNaN(momentMs) ? null : momentMs
}
