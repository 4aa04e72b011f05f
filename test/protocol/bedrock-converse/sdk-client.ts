/** AWS's own client over HTTP/1.1: its default is HTTP/2, which our servers do not have. */
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime'

/** What the SDK hands to whoever sends its requests. */
interface SdkRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string | Uint8Array<ArrayBuffer>
}

/** A client of the service at `address`, with fixed keys and no retries. */
export function sdkClient(address: string): BedrockRuntimeClient {
  return new BedrockRuntimeClient({
    region: 'us-east-1',
    endpoint: address,
    maxAttempts: 1,
    credentials: {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      sessionToken: 'token//with+marks==',
    },
    requestHandler: {
      async handle(request: SdkRequest) {
        const { protocol, hostname, port, path, method, headers, body } = request
        const url = `${protocol}//${hostname}:${port}${path}`
        const answer = await fetch(url, { method, headers, ...(body && { body }) })
        const response = {
          statusCode: answer.status,
          headers: Object.fromEntries(answer.headers),
          body: answer.body,
        }
        return { response }
      },
    },
  })
}
