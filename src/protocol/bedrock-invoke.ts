/** Bedrock's InvokeModel, with Claude behind it: the Messages API in AWS's wrapping. */
import { readResponse } from './anthropic-messages/response.ts'
import { readError } from './bedrock-converse/error.ts'
import { losses } from './bedrock-invoke/losses.ts'
import { writeRequest } from './bedrock-invoke/request.ts'
import { InvokeReader } from './bedrock-invoke/stream.ts'
import type { Protocol } from './protocol.ts'
import { providerOnly } from './provider-only.ts'

/** The dialect of `/model/{id}/invoke` and `/model/{id}/invoke-with-response-stream`. */
export const bedrockInvoke: Protocol = providerOnly({
  name: 'bedrock-invoke',
  framing: 'aws-event-stream',
  readError,
  writeRequest,
  readResponse,
  reader: () => new InvokeReader(),
  losses,
})
