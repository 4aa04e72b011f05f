/** What Claude on Bedrock has no words for, beyond what the Messages API has none for. */
import { dropped, type Losses, refused } from '../hub/losses.ts'

/** The losses of this dialect; the README is made from them. */
export const losses: Losses = {
  dialect: 'bedrock-invoke',
  request: [
    dropped('service_tier', 'AWS does not take it in a body.'),
    refused('image.url', 'AWS fetches nothing; send the bytes.'),
    refused('file.url', 'AWS fetches nothing; send the bytes.'),
    refused('file.id', 'Files of the Messages API are not there.'),
    {
      what: 'the losses of anthropic-messages',
      how: 'changed',
      note: 'The body is one of the Messages API, so they hold here as well.',
    },
  ],
  answer: [],
}
