/** What every agent of these tests asks, what every provider answers, and what its tools say. */

/** A call of a tool as a model wants it. */
export interface WantedCall {
  readonly name: string
  /** As the model wrote it, in the fragments that it comes in. */
  readonly fragments: readonly string[]
}

/** The prompt of the system. */
export const SYSTEM = 'You plan trips.\nAnswer in one line, with “quotes” where they help.'

/** What the user asks first, beside a picture. */
export const QUESTION = 'Where was this taken, and how do I get there? 🌍'

/** What the user asks when the tools have been used and answered for. */
export const FOLLOW_UP = 'And in winter?'

/** The picture: one pixel, whose base64 has every kind of character that base64 has. */
export const IMAGE = {
  mediaType: 'image/png',
  base64:
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAA' +
    'DUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
} as const

/** What the model thinks before it calls, in the pieces in which it comes. */
export const THINKING = ['The picture shows ', 'Zürich 🏔️.\n', 'I need two tools.'] as const

/** What it says before it calls. */
export const PREAMBLE = ['I will ', 'look both up.'] as const

/** Both calls, cut within escapes and within names. */
export const CALLS: readonly [WantedCall, WantedCall] = [
  {
    name: 'find_weather',
    fragments: ['{"city":"Z', 'ürich 🏔️","note":"say \\"h', 'i\\"\\n\\ttwice","days":[1,2.5', ']}'],
  },
  {
    name: 'find_train',
    fragments: ['{"from":{"na', 'me":"Bern","id":8507000},', '"direct":true,"via":null}'],
  },
]

/** What the tools answer; the second one fails. */
export const RESULTS = [
  { text: '{"sky":"clear","celsius":-3}', isError: false },
  { text: 'The timetable is closed until 05:00.', isError: true },
] as const

/** The answer once the tools have spoken. */
export const ANSWER = ['It is Zürich: ', 'clear, −3 °C. ', 'No trains before five 🚆.'] as const

/** The answer to the follow-up. */
export const LAST_ANSWER = ['Colder.'] as const

/** The tools, with schemas that every dialect can carry. */
export const TOOLS = [
  {
    name: 'find_weather',
    description: 'Finds the weather of a city.',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string', description: 'Its name, as people there write it.' },
        note: { type: 'string' },
        days: { type: 'array', items: { type: 'number' } },
      },
      required: ['city'],
    },
  },
  {
    name: 'find_train',
    description: 'Finds a train.',
    parameters: {
      type: 'object',
      properties: {
        from: {
          type: 'object',
          properties: { name: { type: 'string' }, id: { type: 'integer' } },
          required: ['name'],
        },
        direct: { type: 'boolean' },
        via: { type: 'string' },
      },
      required: ['from'],
    },
  },
] as const

/** The arguments of a call in one piece. */
export const argumentsOf = (call: WantedCall): string => call.fragments.join('')
