/** The words behind `sluice keys`: what they ask for, or what is wrong with them. */
import { parseArgs } from 'node:util'

type Fields = Readonly<Record<string, unknown>>

/** A value as it stands on the command line, and the field of the body that it becomes. */
interface Option {
  readonly meaning: string
  /** Where it goes, such as `limits.requestsPerMinute`. */
  readonly field: string
  /** Undefined where the text is not of the kind. */
  readonly read: (text: string) => unknown
  /** What would have been right. */
  readonly kind: string
}

const text = (field: string, meaning: string): Option => ({
  ...{ field, meaning, kind: 'text' },
  read: (value) => value,
})

const names = (field: string, meaning: string): Option => ({
  ...{ field, meaning, kind: 'names with commas between them' },
  read: (value) => value.split(',').map((name) => name.trim()),
})

const number = (field: string, meaning: string): Option => ({
  ...{ field, meaning, kind: 'a number' },
  read: (value) => (/^\d{1,15}(\.\d{1,6})?$/.test(value) ? Number(value) : undefined),
})

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `90m`, `12h`, `30d` in seconds. */
function duration(value: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,9})([smhd])$/.exec(value) ?? []
  const factor = secondsOf[unit]
  return count === undefined || factor === undefined ? undefined : Number(count) * factor
}

const expiry: Option = {
  field: 'expiresAt',
  meaning: 'When it ends, such as 2027-01-31T12:00:00Z, or in 30d.',
  kind: 'a moment such as 2027-01-31T12:00:00Z, or a duration such as 30d',
  read: (value) => {
    const seconds = duration(value)
    return seconds === undefined ? value : new Date(Date.now() + seconds * 1000).toISOString()
  },
}

const overlap: Option = {
  field: 'overlapSecs',
  meaning: 'How long the secret before it stays valid, such as 1h; 0s when not given.',
  kind: 'a duration such as 90m, 12h or 30d',
  read: duration,
}

/** What `sluice keys` can do. */
export const keyCommands = {
  create: {
    meaning: 'Make a key. Its secret is printed this once.',
    wantsId: false,
    options: {
      name: text('name', 'For people. Required.'),
      owner: text('owner', 'Who answers for it.'),
      tags: names('tags', 'To sort usage by.'),
      models: names('models', 'Models that it may ask for; * at the end is any rest.'),
      routes: names('routes', 'Routes that it may use.'),
      providers: names('providers', 'Providers that may answer it.'),
      priority: text('priority', 'high, normal or low.'),
      'requests-per-minute': number('limits.requestsPerMinute', 'At most.'),
      'tokens-per-minute': number('limits.tokensPerMinute', 'At most.'),
      'concurrent-streams': number('limits.concurrentStreams', 'At most.'),
      'daily-budget': number('budget.daily', 'US dollars.'),
      'monthly-budget': number('budget.monthly', 'US dollars.'),
      expires: expiry,
    },
  },
  list: {
    meaning: 'Print keys, the newest first.',
    wantsId: false,
    options: {
      name: text('name', 'Those of this name.'),
      owner: text('owner', 'Those of this owner.'),
      tag: text('tag', 'Those with this tag.'),
      state: text('state', 'Those that are active, expired or revoked.'),
      after: text('after', 'Those behind this id.'),
      limit: text('limit', 'So many, from 1 to 200; 50 when not given.'),
    },
  },
  rotate: {
    meaning: 'Give a key another secret, which is printed this once.',
    wantsId: true,
    options: { overlap },
  },
  revoke: { meaning: 'End a key for good.', wantsId: true, options: {} },
} as const satisfies Record<
  string,
  {
    readonly meaning: string
    readonly wantsId: boolean
    readonly options: Readonly<Record<string, Option>>
  }
>

/** One of them. */
export type KeyCommandName = keyof typeof keyCommands

/** What is to be done. */
export interface KeyCommand {
  readonly name: KeyCommandName
  /** The key that is meant; empty where none is. */
  readonly id: string
  /** A body, or the fields of a query, as the admin routes take them. */
  readonly fields: Fields
  readonly isJson: boolean
}

/** Reads the words behind `keys`; a text says what is wrong with them. */
export function readKeyCommand(words: readonly string[]): KeyCommand | string {
  const [name = '', ...rest] = words
  if (!isCommand(name)) {
    const got = name === '' ? '' : `, got ${JSON.stringify(name)}`
    return `keys must be followed by one of ${Object.keys(keyCommands).join(', ')}${got}`
  }
  const { wantsId } = keyCommands[name]
  const options: Readonly<Record<string, Option>> = keyCommands[name].options
  const { tokens } = parseArgs({
    args: [...rest],
    options: {
      ...Object.fromEntries(Object.keys(options).map((key) => [key, { type: 'string' } as const])),
      json: { type: 'boolean' },
    },
    strict: false,
    tokens: true,
  })
  const ids: string[] = []
  const fields: Record<string, unknown> = {}
  let isJson = false
  for (const token of tokens) {
    if (token.kind === 'positional') ids.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (token.name === 'json' && token.value === undefined) isJson = true
    else if (option === undefined) return `unknown option ${token.rawName}`
    else if (!token.value) return `option ${token.rawName} needs a value`
    else {
      const value = option.read(token.value)
      if (value === undefined) return `option ${token.rawName} must be ${option.kind}`
      place(fields, option.field, value)
    }
  }
  const [id = '', further = wantsId ? undefined : id] = ids
  if (wantsId && id === '') return `keys ${name} needs the id of a key`
  if (further !== undefined && further !== '') {
    return `unexpected argument ${JSON.stringify(further)}`
  }
  return { name, id: wantsId ? id : '', fields, isJson }
}

const isCommand = (name: string): name is KeyCommandName => Object.hasOwn(keyCommands, name)

function place(fields: Record<string, unknown>, field: string, value: unknown): void {
  const [outer = field, inner] = field.split('.')
  fields[outer] = inner === undefined ? value : { ...(fields[outer] ?? {}), [inner]: value }
}

/** What `sluice keys --help` prints. */
export function keysHelp(): string {
  const lines = ['Usage: sluice keys <what> [id] [options]', '']
  for (const [name, { meaning, wantsId, options }] of Object.entries(keyCommands)) {
    lines.push(`  ${name}${wantsId ? ' <id>' : ''}: ${meaning}`)
    for (const [option, row] of Object.entries<Option>(options)) {
      lines.push(`      --${option.padEnd(20)}  ${row.meaning}`)
    }
    lines.push('')
  }
  lines.push('With --json the answer is that of the admin routes. Keys are kept where DATABASE_URL')
  lines.push('says; processes that run take a change over within a minute.')
  return lines.join('\n')
}
