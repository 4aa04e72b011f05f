/** What Ollama's own API has no words for. Writers consult it, and the README is made from it. */
import { foreignFields } from '../hub/foreign-fields.ts'
import { customTools } from '../hub/function-tools.ts'
import { changed, dropped, type Loss, type Losses, refused } from '../hub/losses.ts'
import { foreignBlocks } from '../hub/native-parts.ts'

const request: readonly Loss[] = [
  dropped('cache', 'Prefixes are kept by the server as it sees fit.'),
  dropped('message.name', 'Speakers have no names.'),
  dropped('text.citations', 'Sources of an earlier turn are not sent back.'),
  dropped('text.signature', 'It belongs to Gemini.'),
  dropped('image.detail', 'The resolution is chosen by the model.'),
  dropped('reasoning.foreign', 'Thinking that another provider signed goes to that one only.'),
  dropped('reasoning.summary', 'Thinking is shown as it is.'),
  dropped('reasoning.budget', 'Thinking is on or off, or has a level.'),
  dropped('responseFormat.name', 'A schema has no name, description or strictness of its own.'),
  dropped('tool.strict', 'Arguments follow the schema as far as the model can.'),
  dropped('tool-result.is_error', 'There is no such mark; what the tool said is sent.'),
  dropped('store', 'Answers are not stored.'),
  dropped('verbosity', 'There is no such setting.'),
  dropped('includeUsage', 'Usage is always sent.'),
  dropped('userId', 'There is no field for the end user.'),
  dropped('metadata', 'There is no field for it.'),
  dropped('serviceTier', 'There are no tiers.'),
  changed('message.developer', 'It becomes a system message.'),
  changed('message.parts', 'The texts of a message become one; its images follow.'),
  changed('refusal', 'A refusal of an earlier turn becomes text.'),
  changed('reasoning.effort', 'A level for gpt-oss; others think or do not.'),
  changed('file.text', 'A file given as text becomes text.'),
  changed('tool-call.arguments', 'They are an object; what is none is put under `input`.'),
  changed('toolChoice.none', 'No tools are sent.'),
  changed('toolChoice.allowed', 'Only the allowed tools are sent, where none is required.'),
  refused('tool_choice', 'A call cannot be required.'),
  refused('parallel_tool_calls', 'Calls in parallel cannot be switched off.'),
  refused('logit_bias', 'There is no such setting.'),
  refused('n', 'There is always one answer.'),
  refused('image.url', 'Images are not fetched; send the bytes.'),
  refused('file', 'Files other than text cannot be sent.'),
  refused('audio', 'Audio cannot be sent.'),
  ...foreignFields,
  ...foreignBlocks,
  ...customTools,
]

/** The losses of this dialect. No client speaks it, so no answer is ever written in it. */
export const losses: Losses = { dialect: 'ollama-chat', request, answer: [] }
