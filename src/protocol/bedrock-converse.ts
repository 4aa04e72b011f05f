/** AWS Bedrock's Converse and ConverseStream, which are the same for every model there. */
import { readError } from './bedrock-converse/error.ts'
import { losses } from './bedrock-converse/losses.ts'
import { writeRequest } from './bedrock-converse/request.ts'
import { readResponse } from './bedrock-converse/response.ts'
import { ConverseReader } from './bedrock-converse/stream.ts'
import type { Protocol } from './protocol.ts'
import { providerOnly } from './provider-only.ts'

/** The dialect of `/model/{id}/converse` and `/model/{id}/converse-stream`. */
export const bedrockConverse: Protocol = providerOnly({
  name: 'bedrock-converse',
  framing: 'aws-event-stream',
  readError,
  writeRequest,
  readResponse,
  reader: () => new ConverseReader(),
  losses,
})
