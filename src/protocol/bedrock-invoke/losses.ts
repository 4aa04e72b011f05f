/** What Claude on Bedrock has no words for: what the Messages API has none for, and some more. */
import { losses as ofMessages } from '../anthropic-messages/losses.ts'
import { dropped, type Losses, refused } from '../hub/losses.ts'

/** What is different from the Messages API. */
const own: ReadonlySet<string> = new Set(['service_tier', 'image.url', 'file.url', 'file.id'])

/** The losses of this dialect, mostly the Messages API's own; the README is made from them. */
export const losses: Losses = {
  dialect: 'bedrock-invoke',
  request: [
    ...ofMessages.request.filter(({ what }) => !own.has(what)),
    dropped('service_tier', 'AWS does not take it in a body.'),
    refused('image.url', 'AWS fetches nothing; send the bytes.'),
    refused('file.url', 'AWS fetches nothing; send the bytes.'),
    refused('file.id', 'Files of the Messages API are not there.'),
  ],
  answer: ofMessages.answer,
}
