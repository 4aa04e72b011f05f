/** The row of a finished request in the usage ledger. */
import type { Exchange } from '../observe/exchange.ts'
import type { LedgerRow } from '../store/ledger-table.ts'

/** What is kept of a record for good. */
export function ledgerRowOf(exchange: Exchange): LedgerRow {
  const { startedAtMs, firstContentAtMs, endedAtMs } = exchange
  return {
    id: exchange.id,
    at: exchange.startedAt,
    keyId: exchange.keyId,
    route: exchange.route,
    provider: exchange.provider,
    model: exchange.upstreamModel,
    endpoint: exchange.endpoint,
    inputTokens: exchange.inputTokens,
    outputTokens: exchange.outputTokens,
    cachedInputTokens: exchange.cachedInputTokens,
    cacheWriteInputTokens: exchange.cacheWriteInputTokens,
    reasoningTokens: exchange.reasoningTokens,
    costMicroUsd: exchange.costMicroUsd,
    otherCostMicroUsd: exchange.otherCostMicroUsd,
    firstTokenMs: firstContentAtMs === 0 ? null : firstContentAtMs - startedAtMs,
    durationMs: endedAtMs - startedAtMs,
    attempts: exchange.attempts,
    status: exchange.status,
    endReason: exchange.endReason,
    errorCode: exchange.errorCode,
  }
}
