/** The stream settings of every endpoint, from the environment and the file. */
import { type Config, type EndpointName, endpointNames, type StreamSettings } from './config.ts'
import type { FileStreams } from './file/streams.ts'
import type { Reader } from './reader.ts'
import { streamVariables } from './stream-variables.ts'
import { overrideName } from './unknown-names.ts'

type Key = keyof StreamSettings

const keys = Object.keys(streamVariables) as Key[]

/**
 * For each value of an endpoint the first of these counts: its own variable
 * (`NAME__CHAT_COMPLETIONS`), the endpoint's `streamConfig` in the file, the variable for all
 * (`NAME`), the file's common `streamConfig`, the default. So what is said of one endpoint goes
 * before what is said of all, and in each of the two the environment goes before the file, as a
 * single start of the program should be able to differ from a file that many share.
 */
export function readStreams(reader: Reader, file: FileStreams): Config['stream'] {
  const common = settingsBy((key) => {
    const variable = streamVariables[key]
    const value = reader.read(variable)
    const inFile = file.common.values[key]
    if (inFile === undefined || reader.isGiven(variable.name)) return value
    reader.replace(variable.name, String(inFile), file.common.sources[key] ?? '')
    return inFile
  })
  const forEndpoint = (endpoint: EndpointName): StreamSettings =>
    settingsBy((key) => {
      const name = overrideName(streamVariables[key].name, endpoint)
      if (reader.isGiven(name)) return reader.read({ ...streamVariables[key], name })
      const own = file.endpoints[endpoint]
      const inFile = own?.values[key]
      if (inFile === undefined) return common[key]
      reader.replace(name, String(inFile), own?.sources[key] ?? '')
      return inFile
    })
  // One entry for each name of the list; the types of `fromEntries` cannot say so.
  return Object.fromEntries(
    endpointNames.map((endpoint) => [endpoint, forEndpoint(endpoint)]),
  ) as Record<EndpointName, StreamSettings>
}

function settingsBy(read: (key: Key) => number): StreamSettings {
  return Object.fromEntries(keys.map((key) => [key, read(key)])) as Record<Key, number>
}
