/** What the Messages API has no words for: the list behind the code and the README's table. */
import { customTools } from '../hub/function-tools.ts'
import { changed, dropped, type Loss, type Losses, refused } from '../hub/losses.ts'
import { foreignBlocks } from '../hub/native-parts.ts'
import { dialect } from './words.ts'

/** Other dialects' fields that only steer how their own servers work. */
const steering = [
  ...['prompt_cache_key', 'prompt_cache_retention', 'prompt_cache_options', 'safety_identifier'],
  ...['prediction', 'user', 'stream_options', 'include', 'truncation', 'keep_alive', 'labels'],
  ...['safetySettings', 'provider', 'route', 'transforms', 'models', 'usage', 'priority'],
].map((what) => dropped(what, 'It steers how another server works, not what it answers.'))

const request: readonly Loss[] = [
  dropped('seed', 'Best effort where it exists; the API has nothing like it.'),
  dropped('frequency_penalty', 'A preference of style; the API has nothing like it.'),
  dropped('presence_penalty', 'A preference of style; the API has nothing like it.'),
  dropped('store', 'Answers are not kept for later.'),
  dropped('metadata', 'Labels for stored answers; only `metadata.user_id` exists.'),
  dropped('verbosity', 'A preference of style; the API has nothing like it.'),
  dropped('include_usage', 'Usage is always sent.'),
  dropped('message.name', 'Speakers have no names.'),
  dropped('image.detail', 'Pictures have no level of detail.'),
  dropped('media-type of an address', 'The server of the address says what it is.'),
  dropped('text.signature', "Gemini's thought signatures mean nothing here."),
  dropped('reasoning without our signature', 'Thinking of other providers is refused here.'),
  dropped('citations of other providers', 'Citations must point into this request.'),
  dropped('blocks of other dialects', 'Results of server tools that are not known here.'),
  dropped('details of other dialects', 'Fields of a block that only its own dialect knows.'),
  dropped('response_format.name', 'A schema has no name, description or `strict` of its own.'),
  dropped('service_tier', 'Tiers other than `auto` and `default` do not exist.'),
  dropped('empty text', 'Empty blocks are refused here, and say nothing.'),
  dropped('tool_choice without tools', 'It is refused here, and says nothing.'),
  ...steering,
  refused('n', 'There is one answer to a request.'),
  refused('logprobs', 'Log probabilities do not exist.'),
  refused('logit_bias', 'Tokens cannot be weighted.'),
  refused('input_audio', 'Sound is not understood.'),
  refused('file_id', 'Files belong to the provider that they were uploaded to.'),
  refused('file of an unknown kind', 'Documents are PDF or text.'),
  refused('media outside of user messages', 'Only users and tools can show pictures and files.'),
  refused('stop of white space', 'A stop sequence must hold something visible.'),
  refused('response_format with free keys', 'Objects of structured outputs have known keys.'),
  refused('any other field of another dialect', 'It may change what was asked for.'),
  changed('developer messages', 'They are system messages.'),
  changed('later system messages', 'They move to the top, where system messages stand.'),
  changed('neighbours of one role', 'They become one message, results of tools first.'),
  changed('system messages alone', 'They are said by the user, for somebody must speak.'),
  changed('refusals in the history', 'They are text.'),
  changed('temperature', 'Above 1 it is 1; left out while thinking and for models without it.'),
  changed('top_p', 'Left out beside `temperature`, while thinking and for models without it.'),
  changed('top_k', 'Left out while thinking and for models without it.'),
  changed('max_tokens', 'Required here: without one, it is what models of that age allow.'),
  changed('response_format json_object', 'An instruction, for only schemas can be enforced.'),
  changed('response_format schema', 'Objects are closed, unknown constraints become description.'),
  changed(
    'reasoning',
    'Said by effort or budget, as the model wants it; never with a forced tool.',
  ),
  changed('tool_choice allowed_tools', 'The other tools are left out.'),
  changed('tools without parameters', 'They take an empty object.'),
  changed('tool_calls.arguments', 'What is no JSON object stands in one under `arguments`.'),
  changed('tool_calls.id', 'Characters that are not allowed, and repeated ids, are replaced.'),
  changed('white space at the end of a prefill', 'It is refused here, and cut off.'),
  ...foreignBlocks,
  ...customTools,
]

const answer: readonly Loss[] = [
  dropped('choices after the first', 'There is one answer to a request.'),
  dropped('logprobs', 'Log probabilities do not exist.'),
  dropped('created', 'Answers carry no time.'),
  dropped('system_fingerprint', 'Answers carry none.'),
  dropped('events of other dialects', 'Server tools that are not known here.'),
  dropped('citations without an address', 'They would point into documents that are not there.'),
  changed('citations with an address', 'They are results of a web search.'),
  changed('refusal', 'It is text, and the reason to stop is `refusal`.'),
  changed('signatures of other providers', 'They travel sealed in thinking blocks, and back.'),
  changed(
    'usage.cached',
    'Cached tokens are added to the input, even where they are more of them.',
  ),
  changed('unknown usage', 'The counts are 0, for clients expect numbers.'),
]

/** The losses of this dialect. */
export const losses: Losses = { dialect, request, answer }

const droppedFields: ReadonlySet<string> = new Set(
  request.filter(({ how }) => how === 'dropped').map(({ what }) => what),
)

/** Whether a field of another dialect may be left out. */
export function mayDrop(field: string): boolean {
  return droppedFields.has(field)
}
