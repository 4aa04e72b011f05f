/** A process that starts while others do: it opens a database, makes a key and finds it. */
import { openDatabase } from '../../src/store/database.ts'
import { KeysTable } from '../../src/store/keys-table.ts'
import { traitsNamed } from './key-traits.ts'

const [, , url = '', name = ''] = process.argv
const database = openDatabase(url)
await database.ready()
const table = new KeysTable(database, [])
const { key, secret } = await table.create(traitsNamed(name))
const found = await table.find(secret)
await database.close()
process.exit(found?.key.id === key.id ? 0 : 1)
