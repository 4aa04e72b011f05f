/** The variables of the database and of the keys that it keeps. */
import { redisUrl } from './address-kinds.ts'
import { duration, flag, isHeaderSafe, type Kind, kind } from './kinds.ts'
import { inGroup } from './variable.ts'

const access = inGroup('Access')
const storage = inGroup('Storage')

/** The word that stands for the secret that the program made and keeps in the database. */
export const secretOfDatabase = 'database'

/** Shorter ones can be guessed by whoever has the database. */
const SECRET_CHARACTERS_MIN = 32

const address: Kind<string> = kind(
  'must be postgres://... or the path of a SQLite file',
  (text) => {
    if (/^postgres(ql)?:\/\//i.test(text)) return URL.canParse(text) ? text : undefined
    const path = text.replace(/^(sqlite|file):(\/\/)?/i, '')
    return path === '' || /^(:|[a-z][a-z0-9+.-]+:)|[?\0]/i.test(path) ? undefined : text
  },
)

const keySecrets: Kind<readonly string[]> = kind(
  `must be secrets of at least ${SECRET_CHARACTERS_MIN} visible ASCII characters with commas ` +
    `between them, newest first; only the last may be the word ${secretOfDatabase}`,
  (text) => {
    const secrets = text === '' ? [] : text.split(',').map((item) => item.trim())
    const isRight = secrets.every((secret, index) => {
      if (secret === secretOfDatabase) return index > 0 && index === secrets.length - 1
      return secret.length >= SECRET_CHARACTERS_MIN && isHeaderSafe(secret)
    })
    return isRight && new Set(secrets).size === secrets.length ? secrets : undefined
  },
)

/** One row each. */
export const databaseVariables = {
  redisUrl: storage(
    'REDIS_URL',
    redisUrl,
    '',
    'Redis that shares limits between machines; without it those of one machine share them.',
    'address',
  ),
  limitsTimeoutMs: storage(
    'LIMITS_TIMEOUT_MS',
    duration(1),
    '100',
    'How long Redis may take to count a request; after that the process decides on its share. A ' +
      'file that workers share may take five times as long.',
  ),
  databaseUrl: storage(
    'DATABASE_URL',
    address,
    'sluice.db',
    'postgres://... or a SQLite file, made when something is first kept in it.',
    'address',
  ),
  keySecrets: access(
    'KEY_SECRET',
    keySecrets,
    '',
    'What managed keys are hashed with; further ones behind a comma are older and still good. ' +
      `Not set, one is kept in the database, which is \`${secretOfDatabase}\` in such a list.`,
    'secret',
  ),
  requireApiKey: access(
    'REQUIRE_API_KEY',
    flag,
    '0',
    'Lets nobody in without a key even while there is none; the first key has the same effect.',
  ),
} as const
