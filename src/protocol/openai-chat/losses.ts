/** What chat completions have no words for. Writers consult it, and the README is made from it. */
import { changed, dropped, type Loss, type Losses, refused } from '../hub/losses.ts'
import { foreignBlocks } from '../hub/native-parts.ts'

const request: readonly Loss[] = [
  dropped('text.signature', 'A signature of text goes back to the dialect that signed it only.'),
  dropped('tool-call.signature', 'The same holds for the signature of a call.'),
  dropped(
    'reasoning.foreign',
    'Thinking that another dialect signed goes back as plain text; hidden thinking does not.',
  ),
  dropped('tool-result.is_error', 'There is no flag for it; the result says what went wrong.'),
  dropped('reasoning.summary', 'Chat completions show no summaries of hidden reasoning.'),
  dropped('reasoning.enabled', 'Reasoning cannot be asked for without saying how much.'),
  dropped('include', 'It only adds details to the answers of other dialects.'),
  dropped('truncation', 'It concerns state that is kept elsewhere.'),
  dropped('stream_options', 'It concerns the stream that the client gets.'),
  dropped('citations', 'It asks for citations, which this provider gives or does not.'),
  dropped('context_management', 'It concerns what other providers forget by themselves.'),
  dropped('safetySettings', 'The provider has its own rules, which cannot be set.'),
  dropped('labels', 'They are for the bill of another provider.'),
  changed('message.order', 'Reasoning, then text, then calls: a message has one of each.'),
  changed('message.split', 'Each result of a tool becomes a message of its own.'),
  changed('tool-result.media', 'Pictures and files of a result follow in a message of the user.'),
  changed('tool-result.empty', 'A result without content is an empty text.'),
  changed('file.text', 'A document given as text becomes text.'),
  changed('text.citations', 'The citations of all texts of a message belong to the message.'),
  changed('reasoning.budget', 'A budget of tokens becomes the nearest effort.'),
  changed('reasoning.disabled', 'Reasoning that is switched off is the effort `none`.'),
  changed('responseFormat.name', 'A schema without a name is called `response`.'),
  changed('includeUsage', 'A provider is always asked for the usage of a stream.'),
  refused('content.media', 'Pictures, files and sound can only be in messages of the user.'),
  refused('image.file', 'A picture cannot be named by the id of a file.'),
  ...foreignBlocks,
]

const answer: readonly Loss[] = [
  dropped('raw', 'Blocks of another dialect, such as server-side tools, are left out.'),
  dropped('citation.address', 'A citation without an address has no annotation.'),
  dropped('stopSequence', 'Which sequence was met is not told.'),
  dropped('finish.details', 'Safety ratings and stop details of other dialects are left out.'),
  changed('finish.pause', 'It is `stop`; `native_finish_reason` says that the turn goes on.'),
  changed('citation.position', 'Where no position is known it is 0.'),
  changed('tool-call.custom', 'Arguments of a stand-in without its one text are the text.'),
  changed('message.order', 'All text of an answer is one, whatever stood between.'),
]

/** The losses of this dialect. */
export const losses: Losses = { dialect: 'openai-chat', request, answer }
