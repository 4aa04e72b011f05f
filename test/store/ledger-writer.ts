/** A process that writes rows into a ledger: `file`, the name of its key, and how many. */
import { openDatabase } from '../../src/store/database.ts'
import { startLedger } from '../../src/store/ledger.ts'
import { ledgerRow } from './ledger-rows.ts'

const [file = '', name = '', count = '0'] = process.argv.slice(2)
const database = openDatabase(file)
const ledger = startLedger(database)
const at = Date.UTC(2026, 10, 21)
const rows = count === 'endless' ? Number.POSITIVE_INFINITY : Number(count)
for (let row = 0; row < rows; row += 1) {
  ledger.record(ledgerRow(`req_${name}_${row}`, at + row, { keyId: `key_${name}` }))
  if (row % 500 === 499) await ledger.flush()
}
await ledger.close(20_000)
await database.close()
const { written, dropped } = ledger.view()
process.exit(written === rows && dropped === 0 ? 0 : 1)
