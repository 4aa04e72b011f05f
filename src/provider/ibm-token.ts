/** IBM Cloud's credentials: an API key is exchanged for a token, which is what calls carry. */
import type { FreshToken } from './cached-token.ts'
import { exchangeForToken } from './token-exchange.ts'

/** Where keys are exchanged, unless the operator says otherwise. */
export const iamAddress = 'https://iam.cloud.ibm.com/identity/token'

const GRANT = 'urn:ibm:params:oauth:grant-type:apikey'

/** Exchanges a key at `address`. @throws GatewayError like `exchangeForToken`. */
export function exchangeIbmKey(
  address: string,
  apiKey: string,
  proxy: string | null,
): Promise<FreshToken> {
  const form = { grant_type: GRANT, apikey: apiKey }
  return exchangeForToken({ address, form, reasonField: 'errorCode', proxy })
}
