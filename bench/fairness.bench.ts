/**
 * Whether one key that floods the queue costs the others anything: 1,000 keys ask a provider that
 * is nearly at its limit, first without a flood, then while one of them keeps hundreds waiting, and
 * while it keeps more waiting than the queue takes. All three times the same requests come at the
 * same moments and take the provider as long, so that what differs is the flood.
 *
 * Passes where the others' wait at p99 is at most twice as long with a flood as without, and none
 * of them is turned away. Besides, classes under saturation: all wait all the time, and are served
 * by their weights.
 *
 * Run with `bun bench/fairness.bench.ts`; `--quick` takes seconds in place of minutes.
 */
import { FairnessStand, type Fared } from './fairness/stand.ts'
import { type Random, randomFrom } from './load/random.ts'
import { quantile, sum, table } from './load/statistics.ts'

const quick = process.argv.includes('--quick')

const KEYS = 1000
const PLACES = 8
const HOLD_MEAN_MS = 80
/** The others alone ask for so much of what the provider can do. */
const LOAD = 0.85
const SECONDS = quick ? 5 : 10
/** So many rounds of all phases count, and so many are played to find calm ones. */
const ROUNDS = quick ? 1 : 4
const ROUNDS_MAX = quick ? 4 : 6
const FLOOD = 400
const RATIO_MAX = 2
const QUEUE_MAX = 1000
/** Less than the flood keeps coming. */
const QUEUE_SHORT = 200
const FLOODING_KEY = 0
const CLASS_SECONDS = quick ? 5 : 20
const CLASS_KEYS = 40

const holdOf = (random: Random): number => Math.round(HOLD_MEAN_MS * (0.5 + random()))

/** Arrivals of the others, the same in every phase of a round. */
function arrivals(
  round: number,
): { readonly atMs: number; readonly key: number; readonly holdMs: number }[] {
  const random = randomFrom(5 + round)
  const gapMs = HOLD_MEAN_MS / PLACES / LOAD
  const all = []
  for (let atMs = 0; atMs < SECONDS * 1000; atMs += -Math.log(1 - random()) * gapMs) {
    all.push({ atMs, key: 1 + Math.floor(random() * (KEYS - 1)), holdMs: holdOf(random) })
  }
  return all
}

/** What one phase showed. */
interface Phase {
  readonly title: string
  readonly waits: readonly number[]
  readonly refused: number
  readonly floodServed: number
  readonly waitingMax: number
  /** The longest that this process stood still, as its own timers saw it. */
  readonly lateMs: number
}

/** A round in which the machine stood still for longer says nothing about the queue. */
const LATE_MS_MAX = 40

/** The phases of one round, close to each other, so that the machine is the same for all. */
async function playRound(round: number): Promise<Phase[]> {
  return [
    await phase('without a flood', 0, QUEUE_MAX, round),
    await phase(`${FLOOD} of one key wait`, FLOOD, QUEUE_MAX, round),
    await phase(`the same, QUEUE_MAX=${QUEUE_SHORT}`, FLOOD, QUEUE_SHORT, round),
  ]
}

const latest = (phases: readonly Phase[]): number => Math.max(...phases.map(({ lateMs }) => lateMs))

/** Each phase over the calmest of the rounds. */
async function played(): Promise<Phase[]> {
  const rounds: Phase[][] = []
  const calm = (): number => rounds.filter((phases) => latest(phases) <= LATE_MS_MAX).length
  while (calm() < ROUNDS && rounds.length < ROUNDS_MAX) rounds.push(await playRound(rounds.length))
  const best = rounds.toSorted((one, other) => latest(one) - latest(other)).slice(0, ROUNDS)
  console.log(`${rounds.length} rounds of ${SECONDS} s, of which ${best.length} count`)
  return (best[0] ?? []).map(({ title }, index) => {
    const same = best.flatMap((phases) => phases[index] ?? [])
    return {
      title,
      waits: same.flatMap(({ waits }) => waits),
      refused: sum(same, ({ refused }) => refused),
      floodServed: sum(same, ({ floodServed }) => floodServed),
      waitingMax: Math.max(...same.map(({ waitingMax }) => waitingMax)),
      lateMs: latest(same),
    }
  })
}

async function phase(
  title: string,
  flood: number,
  queueMax: number,
  round: number,
): Promise<Phase> {
  const keys = Array.from({ length: KEYS }, () => 'normal' as const)
  const stand = await FairnessStand.start({ keys, places: PLACES, queueMax })
  const random = randomFrom(9)
  const endFlood = stand.flood('flood', FLOODING_KEY, flood, () => holdOf(random))
  while (stand.waiting < Math.min(flood - PLACES, queueMax)) await Bun.sleep(5)
  const floodBefore = stand.fared.length
  const sent: Promise<boolean>[] = []
  let waitingMax = 0
  let lateMs = 0
  let dueAtMs = performance.now() + 10
  const watch = setInterval(() => {
    lateMs = Math.max(lateMs, performance.now() - dueAtMs)
    dueAtMs = performance.now() + 10
  }, 10)
  const startedAtMs = performance.now()
  for (const { atMs, key, holdMs } of arrivals(round)) {
    const aheadMs = atMs - (performance.now() - startedAtMs)
    if (aheadMs > 0) await Bun.sleep(aheadMs)
    waitingMax = Math.max(waitingMax, stand.waiting)
    sent.push(stand.send('other', key, holdMs))
  }
  await Promise.all(sent)
  clearInterval(watch)
  const since = stand.fared.slice(floodBefore)
  const others = stand.fared.filter(({ name }) => name === 'other')
  await endFlood()
  await stand.stop()
  return {
    title,
    waits: others.filter(({ isServed }) => isServed).map(({ waitMs }) => waitMs),
    refused: others.filter(({ isServed }) => !isServed).length,
    floodServed: since.filter(({ name, isServed }) => name === 'flood' && isServed).length,
    waitingMax,
    lateMs,
  }
}

async function floods(): Promise<boolean> {
  // What is not compiled yet would make the first phase slow, and so the others look well.
  await phase('warm-up', 0, QUEUE_MAX, 0)
  const phases = await played()
  const titles = [
    'the other 999 keys',
    'p50',
    'p99',
    'ratio',
    'asked',
    'refused',
    'of the flood',
    'late',
  ]
  const alone = quantile(phases[0]?.waits ?? [], 0.99)
  const ratioOf = ({ waits }: Phase): number => quantile(waits, 0.99) / alone
  console.log(
    table(
      titles,
      phases.map((each) => [
        each.title,
        `${quantile(each.waits, 0.5).toFixed(1)} ms`,
        `${quantile(each.waits, 0.99).toFixed(1)} ms`,
        ratioOf(each).toFixed(2),
        `${each.waits.length + each.refused}`,
        `${each.refused}`,
        `${each.floodServed}`,
        `${each.lateMs.toFixed(0)} ms`,
      ]),
    ),
  )
  let hasPassed = alone > 0
  for (const each of phases.slice(1)) {
    const isFair = ratioOf(each) <= RATIO_MAX && each.refused === 0
    hasPassed &&= isFair && each.waitingMax > 100 && each.floodServed > 0
    const waiting = `${each.waitingMax} waited`
    console.log(
      `${isFair ? 'PASS' : 'FAIL'} ${each.title}: p99 is ${ratioOf(each).toFixed(2)} times ` +
        `(at most ${RATIO_MAX}), ${each.refused} of the others refused, ${waiting}`,
    )
  }
  return hasPassed
}

/** All classes have more to ask than the provider can do. */
async function classes(): Promise<boolean> {
  const names = ['high', 'normal', 'low'] as const
  const keys = names.flatMap((name) => Array.from({ length: CLASS_KEYS }, () => name))
  const stand = await FairnessStand.start({ keys, places: PLACES, queueMax: QUEUE_MAX })
  const random = randomFrom(11)
  const ends = keys.map((name, key) => stand.flood(name, key, 1, () => holdOf(random)))
  await Bun.sleep(CLASS_SECONDS * 1000)
  const fared = [...stand.fared]
  await Promise.all(ends.map((end) => end()))
  await stand.stop()
  const of = (name: string): Fared[] => fared.filter((each) => each.name === name)
  const low = Math.max(1, of('low').length)
  const wait = (name: string): number =>
    quantile(
      of(name).map(({ waitMs }) => waitMs),
      0.5,
    )
  const rows = names.map((name) => [
    name,
    `${of(name).length}`,
    (of(name).length / low).toFixed(1),
    `${wait(name).toFixed(0)} ms`,
  ])
  console.log(`\n${table(['saturated', 'served', 'of low', 'p50 of the wait'], rows)}`)
  const [high, normal] = [of('high').length / low, of('normal').length / low]
  const hasPassed = of('low').length > 0 && high > 11 && high < 21 && normal > 2.5 && normal < 5.5
  console.log(
    `${hasPassed ? 'PASS' : 'FAIL'} classes are served ${high.toFixed(1)} : ` +
      `${normal.toFixed(1)} : 1 (16 : 4 : 1 by their weights)`,
  )
  return hasPassed
}

const isFair = await floods()
const isWeighted = await classes()
process.exit(isFair && isWeighted ? 0 : 1)
