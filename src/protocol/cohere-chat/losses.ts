/** What Cohere has no words for. Writers consult it, and the README is made from it. */
import { foreignFields } from '../hub/foreign-fields.ts'
import { customTools } from '../hub/function-tools.ts'
import { changed, dropped, type Loss, type Losses, refused } from '../hub/losses.ts'
import { foreignBlocks } from '../hub/native-parts.ts'

const request: readonly Loss[] = [
  dropped('cache', 'Cohere caches prefixes by itself; markers are not needed.'),
  dropped('message.name', 'Speakers have no names.'),
  dropped('text.citations', 'Sources of an earlier turn are not sent back.'),
  dropped('text.empty', 'A part without text is left out.'),
  dropped('text.signature', 'It belongs to Gemini.'),
  dropped('reasoning.foreign', 'Thinking that another provider signed goes to that one only.'),
  dropped('reasoning.summary', 'Thinking is shown as it is.'),
  dropped('responseFormat.name', 'A schema has no name, description or strictness of its own.'),
  dropped('tool-result.is_error', 'There is no such mark; what the tool said is sent.'),
  dropped('store', 'Answers are not stored.'),
  dropped('verbosity', 'There is no such setting.'),
  dropped('includeUsage', 'Usage is always sent.'),
  dropped('userId', 'There is no field for the end user.'),
  dropped('metadata', 'There is no field for it.'),
  dropped('serviceTier', 'Tiers of other providers do not exist here.'),
  changed('message.developer', 'It becomes a system message.'),
  changed('refusal', 'A refusal of an earlier turn becomes text.'),
  changed('reasoning', 'Before a tool call it becomes the plan of the call, else thinking.'),
  changed('reasoning.effort', 'It becomes a budget of tokens.'),
  changed('file.text', 'A file given as text becomes text.'),
  changed('tool.strict', 'It holds for all tools or for none: for all, where all ask for it.'),
  changed('toolChoice.tool', 'Only that tool is sent, and a call is required.'),
  changed('toolChoice.allowed', 'Only the allowed tools are sent.'),
  changed('topP', 'Values above 0.99 become 0.99, which is the most that is taken.'),
  refused('parallel_tool_calls', 'Calls in parallel cannot be switched off.'),
  refused('logit_bias', 'There is no such setting.'),
  refused('top_logprobs', 'Only the chosen tokens are reported.'),
  refused('n', 'There is always one answer.'),
  refused('file', 'Documents other than text cannot be sent.'),
  refused('audio', 'Audio cannot be sent.'),
  refused('image', 'Images are taken from the user only.'),
  ...foreignFields,
  ...foreignBlocks,
  ...customTools,
]

/** The losses of this dialect. No client speaks it, so no answer is ever written in it. */
export const losses: Losses = { dialect: 'cohere-chat', request, answer: [] }
