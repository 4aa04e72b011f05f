/** The tokens that a provider says an answer took, for the records of requests and attempts. */

/** The counts of tokens that a provider reported; null is "not told". */
export interface ReportedUsage {
  readonly inputTokens: number | null
  readonly outputTokens: number | null
  readonly cachedInputTokens: number | null
  readonly cacheWriteInputTokens?: number | null
  readonly cacheWriteLongInputTokens?: number | null
  readonly reasoningTokens: number | null
}

/**
 * The counts as fields of a record that extends this. They stand beside its own fields, not in an
 * object of their own, and all are set at the start, so that the record stays flat in one shape.
 */
export class TokenCounts {
  inputTokens: number | null = null
  outputTokens: number | null = null
  cachedInputTokens: number | null = null
  cacheWriteInputTokens: number | null = null
  cacheWriteLongInputTokens: number | null = null
  reasoningTokens: number | null = null

  /** Takes over what the provider reported; never sums, never invents. */
  useUsage(usage: ReportedUsage): void {
    this.inputTokens = usage.inputTokens
    this.outputTokens = usage.outputTokens
    this.cachedInputTokens = usage.cachedInputTokens
    this.cacheWriteInputTokens = usage.cacheWriteInputTokens ?? null
    this.cacheWriteLongInputTokens = usage.cacheWriteLongInputTokens ?? null
    this.reasoningTokens = usage.reasoningTokens
  }

  /** Whether the provider told how long the question or the answer was. */
  get hasUsage(): boolean {
    return this.inputTokens !== null || this.outputTokens !== null
  }
}
