/** What the Responses API has no words for. Writers consult it, and the README is made from it. */
import { cannotSay, changed, dropped, type Loss, type Losses, refused } from '../hub/losses.ts'
import { foreignBlocks } from '../hub/native-parts.ts'
import { dialect } from './words.ts'

/** Other dialects' fields that only steer how their own servers work. */
const steering = [
  ...['stream_options', 'prediction', 'safetySettings', 'labels', 'keep_alive', 'provider'],
  ...['route', 'transforms', 'models', 'usage', 'priority', 'safety_identifier', 'user'],
].map((what) => dropped(what, 'It steers how another server works, not what it answers.'))

const request: readonly Loss[] = [
  dropped('cache', 'Prefixes are cached without markers.'),
  dropped('message.name', 'Speakers have no names.'),
  dropped('message.phase', 'Commentary and final answer are not told apart by other dialects.'),
  dropped('message.empty', 'A message without content is left out; the API refuses it.'),
  dropped('text.citations', 'Sources of another provider are not sent back; the text is.'),
  dropped('signature', 'Signatures of another provider go to that one only.'),
  dropped('reasoning.foreign', 'Thinking that another provider signed, or nobody, is not sent.'),
  dropped('details', 'Fields of parts and tools that only another dialect has.'),
  dropped('tool-result.name', 'The id of the call says it.'),
  dropped('tool-result.isError', 'There is no flag; the result’s text tells what went wrong.'),
  dropped('seed', 'Sampling cannot be repeated here, and is never promised to be.'),
  dropped('topK', 'There is no such setting; `top_p` does much the same.'),
  dropped('frequencyPenalty', 'There is no such setting.'),
  dropped('presencePenalty', 'There is no such setting.'),
  dropped('serviceTier', 'A tier of another provider does not exist here.'),
  dropped('includeUsage', 'Usage is always sent.'),
  ...steering,
  changed('message.split', 'Messages of the assistant that follow each other become one turn.'),
  changed('message.tool', 'What stands beside tool results is said by the user.'),
  changed('refusal', 'Only the assistant refuses; in any other message it is text.'),
  changed('file.text', 'A file that is given as text becomes text.'),
  changed('file.filename', 'A file with content gets a name where it has none.'),
  changed('tool.parameters', 'A tool without parameters gets a schema without properties.'),
  changed('tool.strict', 'Not said in another dialect is off; here it would be on.'),
  changed('tool-call.id', 'An id above 64 characters becomes a hash, with its result.'),
  changed('responseFormat.name', 'A schema without a name is called `response`.'),
  changed('reasoning.budgetTokens', 'A budget becomes the effort that spends about as much.'),
  changed('reasoning.enabled', 'Off is the effort `none`; on asks for a summary to show.'),
  changed('outputTokensMax', 'Below 16, which the API refuses, it is 16.'),
  changed('store', 'Off unless it was asked for, as it is in the other dialects.'),
  refused('stop', 'Stop sequences do not exist here.'),
  refused('n', 'There is one answer to a request.'),
  refused('logit_bias', 'There is no such setting.'),
  refused('input_audio', 'Audio is not heard here.'),
  refused('image', 'Images in messages of the assistant cannot be said.'),
  ...foreignBlocks,
]

const answer: readonly Loss[] = [
  dropped('choices', 'There is one answer; the first is told.'),
  dropped('raw', 'What only another dialect understands.'),
  dropped('fingerprint', 'There is no field for it.'),
  dropped('stopSequence', 'There is no field for it.'),
  dropped('finish.details', 'There is no field for it.'),
  dropped('citation.citedText', 'A source is told by its address or name.'),
  changed('citation', 'A source without characters is for all of the text so far.'),
  changed('reasoning', 'Thinking is told as a summary, which is what clients show.'),
  changed('reasoning-signature', 'Another provider’s travels marked, for its own return.'),
  changed('tool-call.signature', 'It travels in a reasoning item in front of the call.'),
  changed('tool-call.custom', 'Arguments of a stand-in without its one text are the text.'),
  changed('finish.pause', 'The response is completed.'),
  changed('usage', 'Details that were not reported are zero, for they must be numbers.'),
]

/** The losses of this dialect. */
export const losses: Losses = { dialect, request, answer }

const droppedNames = new Set(request.filter(({ how }) => how === 'dropped').map(({ what }) => what))

/**
 * Drops a field of another dialect that is on the list.
 * @throws GatewayError the 400 that names it, for one that is not.
 */
export function dropOrRefuse(field: string): void {
  if (!droppedNames.has(field)) throw cannotSay(dialect, field)
}
