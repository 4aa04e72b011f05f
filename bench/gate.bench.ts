/**
 * What the places of providers cost a request: processor time of entering and leaving where nothing
 * is limited and where two gates are, with what is learnt from the answer's status and headers; and
 * of a turn in a queue of 1,000 keys.
 *
 * Time of the processor and not of the clock, because a machine does other things too. The median
 * of several samples. Run with `bun bench/gate.bench.ts`.
 */
import { Pauses } from '../src/core/pause.ts'
import { plainTraits, type Target } from '../src/provider/call.ts'
import { FairQueue, type Waiting } from '../src/resilience/fair-queue.ts'
import { Slots } from '../src/resilience/slots.ts'
import { median } from './load/statistics.ts'

/** Most that a provider without a limit may cost a request, in microseconds of the processor. */
const LIMIT_US = 1
const SAMPLES = 7
const PASSES = 200_000
const KEYS = 1000

const headers = new Headers({
  'content-type': 'text/event-stream',
  'x-request-id': 'req_bench',
  'x-ratelimit-remaining-requests': '100',
  'x-ratelimit-remaining-tokens': '100000',
})

function targetOf(name: string, most: number | null, own: number | null): Target {
  const settings = most === null ? {} : { concurrencyMax: most }
  const traits = { ...plainTraits, concurrencyMax: own }
  const provider = { name, settings }
  return { provider, model: 'gpt-bench', renamedTo: null, traits } as unknown as Target
}

/** Microseconds of the processor for one of `count` runs. */
function costUs(count: number, run: () => void): number {
  const samples: number[] = []
  for (let sample = -2; sample < SAMPLES; sample += 1) {
    const before = process.cpuUsage()
    for (let index = 0; index < count; index += 1) run()
    const { user, system } = process.cpuUsage(before)
    if (sample >= 0) samples.push((user + system) / count)
  }
  return median(samples)
}

const slots = new Slots({ lengthMax: KEYS, waitMaxMs: 30_000, isAdaptive: true }, new Pauses())

function passUs(target: Target): number {
  return costUs(PASSES, () => {
    const leave = slots.tryEnter(target)
    slots.answered(target)
    slots.refused(target, { status: 200, headers })
    leave?.()
  })
}

const unlimited = passUs(targetOf('unlimited', null, null))
const verdict = unlimited <= LIMIT_US ? 'PASS' : 'FAIL'
console.log(`${verdict} no limit: ${unlimited.toFixed(3)} us (at most ${LIMIT_US})`)
console.log(`two limits: ${passUs(targetOf('limited', 60, 50)).toFixed(3)} us`)

const queue = new FairQueue<Waiting>()
let turn = 0
const waiting = (): Waiting => {
  turn += 1
  return { key: `key_${turn % KEYS}`, priority: 'normal', tokens: 500 + (turn % 7) * 100 }
}
for (let index = 0; index < KEYS; index += 1) queue.add(waiting())
const turnUs = costUs(PASSES / 10, () => {
  queue.add(waiting())
  queue.next()
})
console.log(`a turn among ${KEYS} keys that wait: ${turnUs.toFixed(3)} us`)
const last = waiting()
queue.add(last)
const placeUs = costUs(PASSES / 100, () => void queue.positionOf(last))
console.log(`the place of one of them: ${placeUs.toFixed(1)} us`)
process.exit(unlimited <= LIMIT_US ? 0 : 1)
