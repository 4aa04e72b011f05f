/** What Gemini has no words for. Writers consult it, and the README is made from it. */
import { customTools } from '../hub/function-tools.ts'
import { cannotSay, changed, dropped, type Loss, type Losses, refused } from '../hub/losses.ts'
import { foreignBlocks } from '../hub/native-parts.ts'

const request: readonly Loss[] = [
  dropped('cache', 'Gemini caches prefixes by itself; markers are not needed.'),
  dropped('message.name', 'Speakers have no names.'),
  dropped('text.citations', 'Sources of an earlier turn are not sent back.'),
  dropped('text.empty', 'A message or part without text is left out; the API refuses it.'),
  dropped('image.detail', 'The resolution is chosen by the model.'),
  dropped('file.filename', 'The Gemini API refuses file names.'),
  dropped('reasoning.foreign', 'Thinking that another provider signed goes to that one only.'),
  dropped('tool.strict', 'Arguments always follow the schema as far as the model can.'),
  dropped('responseFormat.name', 'A schema has no name, description or strictness of its own.'),
  dropped('userId', 'There is no field for the end user.'),
  dropped('metadata', 'There is no field for it.'),
  dropped('store', 'Answers are not stored.'),
  dropped('verbosity', 'There is no such setting.'),
  dropped('serviceTier', 'Tiers of other providers do not exist here.'),
  dropped('includeUsage', 'Usage is always sent.'),
  dropped('prompt_cache_key', 'Caching needs no key.'),
  dropped('prompt_cache_retention', 'Caching has no retention time.'),
  dropped('safety_identifier', 'There is no field for the end user.'),
  dropped('prediction', 'It only makes other providers faster.'),
  dropped('include', 'It only adds details to the answers of other providers.'),
  dropped('truncation', 'It concerns state that is kept elsewhere.'),
  dropped('stream_options', 'It concerns the stream that the client gets.'),
  changed('message.system', 'All of them, wherever they stand, become the one systemInstruction.'),
  changed('message.developer', 'It becomes part of the systemInstruction.'),
  changed('message.split', 'Tool results that follow each other become one message.'),
  changed('refusal', 'A refusal of an earlier turn becomes text.'),
  changed('reasoning.effort', 'Gemini 2 gets a budget, later models a level; `xhigh` is `HIGH`.'),
  changed('reasoning.summary', 'Thoughts are included or not; there are no kinds of summary.'),
  changed('image.mediaType', 'Guessed from the address where the client did not say.'),
  changed('file.text', 'A file given as text becomes a plain text file.'),
  changed('tool-call.arguments', 'They are an object; what is none is put under `input`.'),
  changed(
    'tool-call.signature',
    'Calls of other providers get the stand-in that Google documents.',
  ),
  changed('tool-result.content', 'Texts become one, under `output`, or `error` for a failure.'),
  changed('toolChoice.allowed', 'With a free choice the mode is `VALIDATED`.'),
  refused('parallel_tool_calls', 'Calls in parallel cannot be switched off.'),
  refused('logit_bias', 'There is no such setting.'),
  ...foreignBlocks,
  ...customTools,
]

const answer: readonly Loss[] = [
  dropped('fingerprint', 'There is no field for it.'),
  dropped('serviceTier', 'It is part of Google’s own usage only.'),
  dropped('stopSequence', 'Which sequence was met is not told.'),
  dropped('cacheWriteInputTokens', 'There is no count for it; it is part of the prompt.'),
  dropped('citation.position', 'Places are bytes here and characters elsewhere.'),
  changed('refusal', 'It becomes text.'),
  changed('finish.pause', 'It becomes `STOP`.'),
  changed(
    'reasoning-signature',
    'Another provider’s signature travels marked, for its own return.',
  ),
  changed('tool-call.truncated', 'Arguments that were cut off are left out; the reason tells.'),
]

/** The losses of this dialect. */
export const losses: Losses = { dialect: 'gemini', request, answer }

const droppedNames = new Set(request.filter(({ how }) => how === 'dropped').map(({ what }) => what))

/**
 * Drops a field that is on the list.
 * @throws GatewayError the 400 that names it, for one that is not.
 */
export function dropOrRefuse(field: string): void {
  if (!droppedNames.has(field)) throw cannotSay('gemini', field)
}
