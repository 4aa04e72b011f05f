/** What legacy completions have no words for. */
import { foreignFields } from '../hub/foreign-fields.ts'
import { changed, dropped, type Losses, refused } from '../hub/losses.ts'

/** The losses of this dialect. */
export const losses: Losses = {
  dialect: 'openai-completions',
  request: [
    ...foreignFields,
    dropped('cache', 'There are no markers for the cache of prompts.'),
    dropped('message.name', 'Speakers have no names.'),
    dropped('parallel_tool_calls', 'There are no tools.'),
    dropped('serviceTier', 'There are no tiers.'),
    dropped('metadata', 'There is no field for it.'),
    dropped('store', 'Answers are not stored.'),
    dropped('verbosity', 'There is no such setting.'),
    changed('includeUsage', 'A provider is always asked for the usage of a stream.'),
    changed('logprobs', 'Whether and how many are one number.'),
    refused('messages', 'The prompt is one text: one message of the user that is only text.'),
    refused('tools', 'There are no tools.'),
    refused('response_format', 'The form of the answer cannot be chosen.'),
    refused('reasoning_effort', 'These models do not reason.'),
    refused('suffix', 'Other dialects cannot fill in a gap.'),
    refused('echo', 'Other dialects do not repeat the prompt.'),
    refused('best_of', 'Other dialects do not choose among several answers.'),
    refused('prompt', 'Several prompts, or tokens, cannot be said to other dialects.'),
  ],
  answer: [
    dropped('reasoning', 'Only the answer itself is text.'),
    dropped('tool-call', 'There are no tools.'),
    dropped('citation', 'There is no field for sources.'),
    dropped('raw', 'Blocks of another dialect are left out.'),
    dropped('stopSequence', 'Which sequence was met is not told.'),
    changed('refusal', 'It becomes text.'),
    changed('finish.pause', 'It becomes `stop`.'),
    changed('logprobs.text_offset', 'Counted from the beginning of the answer.'),
  ],
}
