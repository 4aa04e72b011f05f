/** The executable between a scripted provider in this process and raw clients. */
import { jsonRequest, RawClient, type RequestToSend } from '../kit/client.ts'
import { isAlive } from '../kit/processes.ts'
import { type Program, type ProgramEnvironment, startBinary } from '../kit/program.ts'
import type { RawResponse } from '../kit/response.ts'
import { startUpstream, type Upstream, type UpstreamScript } from '../kit/upstream.ts'
import { chatRequest } from './client-stand.ts'

/** A running stand. */
export interface WorkerStand {
  readonly program: Program
  readonly upstream: Upstream
  /** Sends a request on a connection of its own. */
  ask(request: RequestToSend): Promise<RawResponse>
  /** Asks for a stream and waits for its first bytes. */
  stream(): Promise<RawResponse>
  /** The answer of a route of the operator. */
  get(path: string): Promise<RawResponse>
}

const ends: (() => Promise<void>)[] = []

/** Ends all stands, for `afterEach`. Throws where a program does not end in order. */
export async function endWorkerStands(): Promise<void> {
  for (const end of ends.splice(0)) await end()
}

/** Starts the provider and the executable, with JSON in its log. */
export async function startWorkers(
  script: UpstreamScript,
  environment: ProgramEnvironment = {},
): Promise<WorkerStand> {
  const upstream = startUpstream(script)
  const program = await startBinary({
    LOG_FORMAT: 'json',
    SHUTDOWN_GRACE_MS: '500',
    RETRIES_MAX: '0',
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: `${upstream.url}/v1`,
    ...environment,
  })
  const clients: RawClient[] = []
  const ask = async (request: RequestToSend): Promise<RawResponse> => {
    const client = await RawClient.connect(program.url)
    clients.push(client)
    return client.request(request)
  }
  ends.push(async () => {
    for (const client of clients) client.close()
    try {
      if (isAlive(program.pid)) await program.stop()
      else program.kill()
    } finally {
      upstream.stop()
    }
  })
  return {
    program,
    upstream,
    ask,
    async stream() {
      const response = await ask(jsonRequest('/v1/chat/completions', chatRequest))
      await response.until(({ bodyBytes }) => bodyBytes > 0, 'the first bytes')
      return response
    },
    async get(path) {
      const response = await ask({ path })
      await response.ended()
      return response
    },
  }
}
