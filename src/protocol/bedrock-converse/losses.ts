/** What Converse has no words for. Writers consult it, and the README is made from it. */
import { foreignFields } from '../hub/foreign-fields.ts'
import { customTools } from '../hub/function-tools.ts'
import { changed, dropped, type Loss, type Losses, refused } from '../hub/losses.ts'
import { foreignBlocks } from '../hub/native-parts.ts'

const request: readonly Loss[] = [
  dropped('message.name', 'Speakers have no names.'),
  dropped('text.citations', 'Sources of an earlier turn are not sent back.'),
  dropped('text.empty', 'A part or message without text is left out; the API refuses it.'),
  dropped('text.signature', 'It belongs to Gemini.'),
  dropped('image.detail', 'The resolution is chosen by the model.'),
  dropped('reasoning.foreign', 'Thinking goes back only with a signature, and to its signer.'),
  dropped('reasoning.budget', 'Models other than Claude have efforts or levels, and no budgets.'),
  dropped('reasoning.summary', 'Models that show their thinking show it as it is.'),
  dropped('responseFormat.strict', 'A schema is always followed.'),
  dropped('seed', 'There is no such setting, and it never promised the same answer.'),
  dropped('store', 'Answers are not stored.'),
  dropped('verbosity', 'There is no such setting.'),
  dropped('includeUsage', 'Usage is always sent.'),
  dropped('userId', 'Sent as metadata; left out where it has characters that AWS refuses.'),
  dropped('metadata', 'Values that are not text, or that AWS refuses, are left out.'),
  dropped('serviceTier', 'Tiers of other providers do not exist here.'),
  changed('message.system', 'All of them, wherever they stand, become the one system prompt.'),
  changed('message.developer', 'It becomes part of the system prompt.'),
  changed('message.merged', 'Neighbours of one role become one message, because turns alternate.'),
  changed('refusal', 'A refusal of an earlier turn becomes text.'),
  changed('file.filename', 'A neutral name is made of it: letters, digits, spaces, hyphens.'),
  changed('reasoning.effort', 'In the words of the model’s family: a budget, an effort, a level.'),
  changed('tool-call.id', 'One with characters that AWS refuses is hashed, like its result’s.'),
  changed('tool-call.arguments', 'They are an object; what is none is put under `input`.'),
  changed('toolChoice.none', 'No tools are sent, where no earlier turn has used one.'),
  changed('toolChoice.allowed', 'Only the allowed tools are sent.'),
  refused('tool_choice', '`none` cannot be said where an earlier turn has used a tool.'),
  refused('parallel_tool_calls', 'Calls in parallel cannot be switched off.'),
  refused('response_format', 'JSON without a schema cannot be asked for.'),
  refused('frequency_penalty', 'There is no such setting.'),
  refused('presence_penalty', 'There is no such setting.'),
  refused('logit_bias', 'There is no such setting.'),
  refused('logprobs', 'There is no such setting.'),
  refused('n', 'There is always one answer.'),
  refused('image.url', 'Images are fetched from S3 only; send the bytes.'),
  refused('file.url', 'Files are fetched from S3 only; send the bytes.'),
  refused('file.id', 'Files of other providers cannot be reached.'),
  refused('media.format', 'The format is none that AWS takes.'),
  ...foreignFields,
  ...foreignBlocks,
  ...customTools,
]

/** The losses of this dialect. No client speaks it, so no answer is ever written in it. */
export const losses: Losses = { dialect: 'bedrock-converse', request, answer: [] }
