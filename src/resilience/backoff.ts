/** How long to wait before the same target is asked again. */
import type { ResilienceSettings } from '../config/config.ts'

/**
 * Full jitter: a random part of a bound that doubles (AWS's formula, reliability 5.1). Equal waits
 * would bring all the requests that failed together back together.
 * @param retry 1 for the first retry.
 * @param random from 0 to 1.
 */
export function backoffMs(
  retry: number,
  { retryBaseMs, retryMaxMs }: Pick<ResilienceSettings, 'retryBaseMs' | 'retryMaxMs'>,
  random: number,
): number {
  return random * Math.min(retryMaxMs, retryBaseMs * 2 ** (retry - 1))
}
