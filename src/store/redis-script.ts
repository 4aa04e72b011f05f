/**
 * The one script that counts in Redis, with what goes in and what comes out. All keys carry one
 * hash tag, so that a cluster keeps them on one node and a step over several of them is possible.
 * All is read and checked before the first write, so that whatever fails leaves nothing half done.
 */
import { createHash } from 'node:crypto'
import type { Claim, Renewal, Settlement, Taken } from './store.ts'

/** The server's own time: the one clock that all machines have in common. */
const serverTime = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]`

/**
 * ARGV: until when this may run (microseconds, 0 for ever), what to do, and four words for each
 * key. A command that waited in a paused server finds that its time is over and does nothing: its
 * sender gave up long ago and decided otherwise.
 */
const body = `
local latest = tonumber(ARGV[1])
if latest > 0 and now > latest then return {'late', now} end

local function word(index, at) return ARGV[2 + (index - 1) * 4 + at] end
local function number(index, at) return tonumber(word(index, at)) end
local function whole(value) return string.format('%.0f', value) end

local function pair(key)
  local one, other = string.match(redis.call('GET', key) or '', '^(%d+) (%d+)$')
  return tonumber(one) or 0, tonumber(other) or 0
end

local function rate(key, limit)
  local owed, at = pair(key)
  if now > at then owed = math.max(0, owed - (now - at) * limit) end
  return { owed = owed }
end

local function keepRate(key, owed, limit)
  if owed == 0 then return redis.call('DEL', key) end
  local text = whole(owed) .. ' ' .. whole(now)
  redis.call('SET', key, text, 'PX', whole(math.ceil(owed / limit / 1000) + 1))
end

local function places(key)
  local count = redis.call('ZCOUNT', key, '(' .. whole(now), '+inf')
  local first = redis.call('ZRANGEBYSCORE', key, '(' .. whole(now), '+inf',
    'WITHSCORES', 'LIMIT', 0, 1)
  return { count = count, oldest = tonumber(first[2]) or 0, added = {} }
end

local function keepPlace(key, id, ttl)
  local ends = whole(now + ttl)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now))
  -- Places that lapse later than any can were taken before the clock went back.
  for _, other in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. ends, '+inf')) do
    redis.call('ZADD', key, ends, other)
  end
  redis.call('ZADD', key, ends, id)
  redis.call('PEXPIRE', key, whole(math.ceil(ttl / 1000) + 1))
end

local function budget(key)
  local spent, ends = pair(key)
  if ends * 1000 <= now then spent = 0 end
  return { spent = spent }
end

local function keepBudget(key, spent, ends)
  if ends * 1000 <= now then return end
  redis.call('SET', key, whole(spent) .. ' ' .. whole(ends), 'PXAT', whole(ends))
end

local known = {}
local function stateOf(index)
  local key, kind = KEYS[index], word(index, 1)
  if known[key] == nil then
    if kind == 'rate' then known[key] = rate(key, number(index, 3))
    elseif kind == 'place' then known[key] = places(key)
    else known[key] = budget(key) end
  end
  return known[key]
end

-- Nothing where it fits, else the milliseconds to wait, -1 for ever. Changes the state in hand.
local function enter(index)
  local kind, state = word(index, 1), stateOf(index)
  if kind == 'rate' then
    local cost, limit, period = number(index, 2), number(index, 3), number(index, 4)
    local owed = state.owed + cost * period
    if owed > limit * period then
      if cost > limit then return -1 end
      return math.ceil((owed - limit * period) / limit / 1000)
    end
    state.owed = owed
  elseif kind == 'place' then
    local key, id, ends = KEYS[index], word(index, 2), now + number(index, 4)
    local before = state.added[id] or tonumber(redis.call('ZSCORE', key, id) or 0)
    if before <= now then
      if state.count >= number(index, 3) then
        if state.oldest == 0 then return 1000 end
        return math.min(1000, math.ceil((state.oldest - now) / 1000))
      end
      state.count = state.count + 1
    end
    state.added[id] = ends
    if state.oldest == 0 then state.oldest = ends end
  else
    local spent = state.spent + number(index, 2)
    if state.spent >= number(index, 3) or spent > number(index, 3) then
      return math.max(0, math.ceil(number(index, 4) - now / 1000))
    end
    state.spent = spent
  end
end

local function standing(index, reply)
  local kind, state = word(index, 1), stateOf(index)
  local left, reset
  if kind == 'rate' then
    local limit, period = number(index, 3), number(index, 4)
    left = math.floor((limit * period - state.owed) / period)
    reset = state.owed == 0 and 0 or math.ceil(state.owed / limit / 1000)
  elseif kind == 'place' then
    left = number(index, 3) - state.count
    reset = (left > 0 or state.oldest == 0) and 0 or math.ceil((state.oldest - now) / 1000)
  else
    left = number(index, 3) - state.spent
    reset = math.ceil(number(index, 4) - now / 1000)
  end
  reply[#reply + 1] = math.max(0, left)
  reply[#reply + 1] = math.max(0, reset)
end

local function write(index)
  local key, kind, state = KEYS[index], word(index, 1), stateOf(index)
  if kind == 'rate' then keepRate(key, state.owed, number(index, 3))
  elseif kind == 'place' then keepPlace(key, word(index, 2), number(index, 4))
  else keepBudget(key, state.spent, number(index, 4)) end
end

if ARGV[2] == 'take' then
  local reply = {'taken', now, -1, 0}
  for index = 1, #KEYS do
    local wait = enter(index)
    if wait then
      reply = {'refused', now, index - 1, wait}
      known = {}
      break
    end
  end
  if reply[1] == 'taken' then
    for index = 1, #KEYS do write(index) end
    -- A renewed place may have been the oldest.
    for index = 1, #KEYS do
      if word(index, 1) == 'place' then known[KEYS[index]] = nil end
    end
  end
  for index = 1, #KEYS do standing(index, reply) end
  return reply
end

local reply = {'done', now}
for index = 1, #KEYS do
  local key, kind = KEYS[index], word(index, 1)
  if kind == 'rate' then
    local owed = rate(key, number(index, 3)).owed - number(index, 2) * number(index, 4)
    keepRate(key, math.max(0, owed), number(index, 3))
  elseif kind == 'leave' then
    redis.call('ZREM', key, word(index, 2))
  elseif kind == 'keep' then
    keepPlace(key, word(index, 2), number(index, 4))
    reply[#reply + 1] = redis.call('ZCARD', key)
  else
    keepBudget(key, math.max(0, budget(key).spent - number(index, 2)), number(index, 4))
  end
end
return reply
`

/** A script, and the name that the server knows it by. */
export interface Script {
  readonly text: string
  readonly sha1: string
}

/** @param timeKey a key that holds the time instead of the server; for tests. */
export function countingScript(timeKey: string | null): Script {
  const time =
    timeKey === null ? serverTime : `\nlocal now = tonumber(redis.call('GET', '${timeKey}'))`
  const text = time + body
  return { text, sha1: createHash('sha1').update(text).digest('hex') }
}

/** What a run of the script needs: the keys, and four words for each. */
export interface Step {
  readonly what: 'take' | 'correct'
  readonly keys: readonly string[]
  readonly words: readonly string[]
}

/** The kinds of keys, apart from each other. */
const kinds = { rate: 'r', lease: 'l', budget: 'b' } as const

/** The step that takes all claims or none. */
export function takeStep(prefix: string, claims: readonly Claim[]): Step {
  const words: string[] = []
  for (const claim of claims) {
    if (claim.kind === 'rate') {
      words.push('rate', `${claim.cost}`, `${claim.limit}`, `${claim.periodMs * 1000}`)
    } else if (claim.kind === 'lease') {
      words.push('place', claim.id, `${claim.max}`, `${claim.ttlMs * 1000}`)
    } else {
      words.push('budget', `${claim.amount}`, `${claim.max}`, `${claim.endsAtMs}`)
    }
  }
  const keys = claims.map((claim) => `${prefix}${kinds[claim.kind]}:${claim.key}`)
  return { what: 'take', keys, words }
}

/** The step that corrects what was taken. */
export function settleStep(prefix: string, settlements: readonly Settlement[]): Step {
  const words: string[] = []
  for (const settled of settlements) {
    if (settled.kind === 'rate') {
      const { giveBack, limit, periodMs } = settled
      words.push('rate', `${giveBack}`, `${limit}`, `${periodMs * 1000}`)
    } else if (settled.kind === 'lease') {
      words.push('leave', settled.id, '', '')
    } else {
      words.push('budget', `${settled.giveBack}`, '', `${settled.endsAtMs}`)
    }
  }
  const keys = settlements.map((settled) => `${prefix}${kinds[settled.kind]}:${settled.key}`)
  return { what: 'correct', keys, words }
}

/** The step that keeps places; its reply counts the places of each key. */
export function renewStep(prefix: string, leases: readonly Renewal[]): Step {
  return {
    what: 'correct',
    keys: leases.map(({ key }) => `${prefix}${kinds.lease}:${key}`),
    words: leases.flatMap(({ id, ttlMs }) => ['keep', id, '', `${ttlMs * 1000}`]),
  }
}

/** What the script said, or null where it is nothing that the script says. */
export interface Reply {
  readonly word: 'late' | 'taken' | 'refused' | 'done'
  readonly nowUs: number
  readonly numbers: readonly number[]
}

const replyWords: ReadonlySet<unknown> = new Set(['late', 'taken', 'refused', 'done'])

/** Reads a reply; null for anything that the script does not say. */
export function readReply(value: unknown): Reply | null {
  if (!Array.isArray(value)) return null
  const [word, nowUs, ...numbers] = value as readonly unknown[]
  if (!replyWords.has(word) || typeof nowUs !== 'number') return null
  if (!numbers.every((one) => typeof one === 'number')) return null
  return { word: word as Reply['word'], nowUs, numbers }
}

/** The reply to a take; null where it is none, or one of another number of claims. */
export function readTaken(reply: Reply, claims: number): Taken | null {
  const [refused = 0, waitMs = 0, ...rest] = reply.numbers
  if (rest.length !== claims * 2) return null
  const standings = Array.from({ length: claims }, (_, index) => ({
    remaining: rest[index * 2] ?? 0,
    resetMs: rest[index * 2 + 1] ?? 0,
  }))
  if (reply.word === 'taken') return { ok: true, standings }
  if (reply.word !== 'refused') return null
  const retryAfterMs = waitMs < 0 ? Number.POSITIVE_INFINITY : waitMs
  return { ok: false, refused, retryAfterMs, standings }
}
