/**
 * `npm run soak`: random faults for ten minutes at 200 streams at once.
 * `bun test/soak/faults/run.ts [--seconds n] [--streams n] [--seed n]`; ends with 1 where something
 * lied, leaked or grew.
 */
import { parseArgs } from 'node:util'
import { soak } from './soak.ts'
import { faultsOf, summaryOf } from './verdict.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    streams: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
  },
})
const [seconds, concurrency, seed] = [values.seconds, values.streams, values.seed].map(Number)
if (!seconds || !concurrency || seed === undefined) throw new Error('the arguments are numbers')

console.log(`soak: ${seconds} s, ${concurrency} streams at once, seed ${seed}`)
const result = await soak({ seconds, concurrency, seed, everySeconds: 10, tell: console.log })
console.log(summaryOf(result))
const faults = faultsOf(result)
for (const fault of faults) console.error(`FAULT ${fault}`)
console.log(faults.length === 0 ? 'soak: clean' : `soak: ${faults.length} faults`)
process.exit(faults.length === 0 ? 0 : 1)
