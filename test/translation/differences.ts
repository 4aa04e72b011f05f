/**
 * Where an answer may read differently in the client's dialect than in the provider's: only where
 * a row of the list of losses says so. Each difference names its row, and says what is expected
 * instead, so that nothing is simply left out of the comparison.
 */
import type { Account, ChoiceAccount, Finish } from './account.ts'
import type { ClientName } from './read-back.ts'

/** One allowed difference. */
export interface Difference {
  /** The row of `losses.answer` of the client's dialect that explains it. */
  readonly row: string
  /** What is expected where the row applies; the same account where it does not. */
  change(account: Account): Account
}

const eachChoice =
  (change: (choice: ChoiceAccount) => ChoiceAccount) =>
  (account: Account): Account => ({ ...account, choices: account.choices.map(change) })

const finishAs = (from: Finish, to: Finish) =>
  eachChoice((choice) => (choice.finish === from ? { ...choice, finish: to } : choice))

const firstChoiceOnly = (account: Account): Account => ({
  ...account,
  choices: account.choices.slice(0, 1),
})

const refusalAsText = (finish: Finish | null) =>
  eachChoice((choice) =>
    choice.refusal === ''
      ? choice
      : {
          ...choice,
          text: choice.text + choice.refusal,
          refusal: '',
          finish: finish ?? choice.finish,
        },
  )

const unknownAsZero = (account: Account): Account => {
  const nothing = { input: 0, output: 0, cached: null, reasoning: null }
  if (account.usage === null) return { ...account, usage: nothing }
  const { input, output, cached, reasoning } = account.usage
  const usage = { input: input ?? 0, output: output ?? 0, cached: cached ?? 0, reasoning }
  return { ...account, usage }
}

const cachedIsInput = (account: Account): Account => {
  if (account.usage === null) return account
  const { input, cached } = account.usage
  return { ...account, usage: { ...account.usage, input: Math.max(input ?? 0, cached ?? 0) } }
}

const detailsAsZero = (account: Account): Account => {
  if (account.usage === null) return account
  const { input, output, cached, reasoning } = account.usage
  const usage = { input, output, cached: cached ?? 0, reasoning: reasoning ?? 0 }
  return { ...account, usage: { ...usage, input: input ?? 0, output: output ?? 0 } }
}

/** The allowed differences of each dialect, in the order in which they are applied. */
const differences: Readonly<Record<ClientName, readonly Difference[]>> = {
  chat: [{ row: 'stopSequence', change: finishAs('stop-sequence', 'stop') }],
  responses: [
    { row: 'choices', change: firstChoiceOnly },
    { row: 'stopSequence', change: finishAs('stop-sequence', 'stop') },
    { row: 'usage', change: detailsAsZero },
  ],
  messages: [
    { row: 'choices after the first', change: firstChoiceOnly },
    { row: 'refusal', change: refusalAsText('content-filter') },
    { row: 'usage.cached', change: cachedIsInput },
    { row: 'unknown usage', change: unknownAsZero },
  ],
  gemini: [
    { row: 'stopSequence', change: finishAs('stop-sequence', 'stop') },
    { row: 'refusal', change: refusalAsText(null) },
  ],
  completions: [
    { row: 'reasoning', change: eachChoice((choice) => ({ ...choice, reasoning: '' })) },
    { row: 'stopSequence', change: finishAs('stop-sequence', 'stop') },
    { row: 'refusal', change: refusalAsText(null) },
    {
      row: 'tool-call',
      change: eachChoice((choice) => ({
        ...choice,
        calls: [],
        finish: choice.finish === 'tool-calls' ? 'stop' : choice.finish,
      })),
    },
  ],
}

/** The rows that explain something at all, for the test that each of them exists. */
export const rowsOf = (client: ClientName): readonly string[] =>
  differences[client].map(({ row }) => row)

/**
 * What is expected at a client, and the rows that made it differ from the original.
 * @param own the client's dialect is what the provider spoke, so that nothing needs to differ.
 */
export function expectedAt(client: ClientName, own: boolean, original: Account) {
  const rows: string[] = []
  let account = original
  if (own) return { account, rows }
  for (const { row, change } of differences[client]) {
    const changed = change(account)
    if (!Bun.deepEquals(changed, account)) rows.push(row)
    account = changed
  }
  return { account, rows }
}
