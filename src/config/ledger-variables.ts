/** The variables of the usage ledger. */
import type { LedgerConfig } from './config.ts'
import { databaseVariables } from './database-variables.ts'
import { integer, oneOf } from './kinds.ts'
import type { Reader } from './reader.ts'
import { inGroup } from './variable.ts'

const storage = inGroup('Storage')

/** One row each. */
export const ledgerVariables = {
  ledger: storage(
    'LEDGER',
    oneOf(['auto', 'on', 'off']),
    'auto',
    'Whether a row for each request is kept in the database; auto is on where DATABASE_URL is set.',
  ),
  retentionDays: storage(
    'LEDGER_RETENTION_DAYS',
    integer(0, 36_500),
    '90',
    'Rows of requests that are older are deleted. 0 keeps them for ever.',
  ),
} as const

/**
 * The settings of the ledger. A database that was asked for is used; one that nobody asked for is
 * not made, so that a plain start leaves no file behind.
 */
export function ledgerSettings(reader: Reader): LedgerConfig {
  const wanted = reader.read(ledgerVariables.ledger)
  return {
    enabled:
      wanted === 'auto' ? reader.isGiven(databaseVariables.databaseUrl.name) : wanted === 'on',
    retentionDays: reader.read(ledgerVariables.retentionDays),
  }
}
