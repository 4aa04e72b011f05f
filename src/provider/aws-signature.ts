/** Signing calls to AWS: Signature Version 4, over the exact bytes that are sent. */
import { AwsV4Signer } from 'aws4fetch'
import type { SignableCall } from './provider.ts'

/** Keys of AWS, permanent or temporary. */
export interface AwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | null
  readonly region: string
}

/** Headers that a signature consists of; whatever else they carried is gone with it. */
const signedHeaders = ['authorization', 'x-amz-date', 'x-amz-security-token'] as const

const SERVICE = 'bedrock'

/**
 * Signs a call by adding its headers. Only those of the signature itself and `host` are covered,
 * so that nothing which is added on the way, such as `accept-encoding`, makes it wrong. The path is
 * percent-encoded once more in what is signed, as every service but S3 demands.
 *
 * A body that is streamed cannot be hashed and is declared as unsigned.
 *
 * @param datetime `20260102T030405Z`; now, where it is not given.
 */
export async function signAwsCall(
  headers: Headers,
  { method, url, body }: SignableCall,
  { accessKeyId, secretAccessKey, sessionToken, region }: AwsKeys,
  datetime?: string,
): Promise<void> {
  const isStreamed = body === null && !/^(?:GET|HEAD|DELETE)$/.test(method)
  const unsigned = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const signer = new AwsV4Signer({
    method,
    url,
    accessKeyId,
    secretAccessKey,
    region,
    service: SERVICE,
    ...(sessionToken !== null && { sessionToken }),
    ...(body !== null && { body: body.slice() }),
    ...(isStreamed && { headers: unsigned }),
    ...(datetime !== undefined && { datetime }),
  })
  const signed = await signer.sign()
  for (const name of [...signedHeaders, 'x-amz-content-sha256']) {
    const value = signed.headers.get(name)
    if (value === null) headers.delete(name)
    else headers.set(name, value)
  }
}
