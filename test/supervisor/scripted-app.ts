/** A server that stands where `app.ts` stands, with routes that show what the supervisor does. */
import { existsSync } from 'node:fs'
import type { Config } from '../../src/config/config.ts'
import type { Fleet } from '../../src/core/fleet.ts'
import type { WorkerIdentity } from '../../src/supervisor/messages.ts'
import type { WorkerApp } from '../../src/supervisor/worker.ts'

/** While a file of this name, given by this variable, exists, the server cannot start. */
export const failureFileVariable = 'SCRIPTED_FAILURE_FILE'

/** Starts the server. */
export async function startScriptedApp(
  config: Config,
  worker: WorkerIdentity,
  parts: { readonly announce: (news: object) => void; readonly fleet: Fleet },
): Promise<WorkerApp> {
  failIfTold()
  let isDraining = false
  let current = config
  const heard: object[] = []
  const isCut = Promise.withResolvers<void>()
  const counted = new Set<unknown>([process.pid])
  answerAs(worker, parts.fleet, counted)
  const routes: Record<string, (url: URL) => Response | Promise<Response>> = {
    '/ask': async ({ searchParams }) =>
      Response.json(
        await parts.fleet.ask(searchParams.get('topic') ?? '', searchParams.get('detail')),
      ),
    '/pid': () => new Response(String(process.pid)),
    '/names': () => Response.json(Object.keys(process.env)),
    '/config': () => Response.json({ ...current, frozen: Object.isFrozen(current.stream.models) }),
    '/announce': () => {
      parts.announce({ from: worker.id })
      return new Response('announced')
    },
    '/heard': () => Response.json({ id: worker.id, heard }),
    '/identity': () => Response.json(worker),
    '/slow': (url) => slowStream(Number(url.searchParams.get('ms')), isCut.promise),
    ...faults,
  }
  const server = Bun.serve({
    hostname: config.host,
    port: config.port,
    reusePort: true,
    idleTimeout: 60,
    async fetch(request) {
      const url = new URL(request.url)
      const response = (await routes[url.pathname]?.(url)) ?? new Response('no', { status: 404 })
      if (isDraining) response.headers.set('connection', 'close')
      return response
    },
  })
  return {
    url: server.url,
    drain() {
      isDraining = true
    },
    bequeath: () => [...counted],
    inherit(value) {
      for (const pid of value as number[]) counted.add(pid)
    },
    hear: (news) => void heard.push(news),
    reload(next) {
      failIfTold()
      current = next
    },
    async stop(graceMs) {
      const timer = setTimeout(() => isCut.resolve(), graceMs)
      await server.stop()
      clearTimeout(timer)
    },
  }
}

/** Routes whose handlers fail when the answer has gone. */
const faults = {
  '/reject': () => {
    void Promise.reject(new Error('secret of a client'))
    return new Response('rejected')
  },
  '/throw': () => {
    setTimeout(() => {
      throw new TypeError('secret of a client')
    })
    return new Response('thrown')
  },
}

function failIfTold(): void {
  if (existsSync(process.env[failureFileVariable] ?? '')) throw new Error('told to\nfail')
}

/** What it answers when it is asked as one of several. */
function answerAs({ id }: WorkerIdentity, fleet: Fleet, counted: ReadonlySet<unknown>): void {
  const never = new Promise(() => {})
  fleet.answer('who', (detail) => ({ id, detail }))
  fleet.answer('counted', () => [...counted])
  fleet.answer('stuck', () => (id === 1 ? never : id))
}

/** `begin`, then after `ms` `end`, or `cut` where the server's time ran out before. */
function slowStream(ms: number, isCut: Promise<void>): Response {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(encoder.encode('begin\n'))
      const last = await Promise.race([
        Bun.sleep(ms).then(() => 'end\n'),
        isCut.then(() => 'cut\n'),
      ])
      controller.enqueue(encoder.encode(last))
      controller.close()
    },
  })
  return new Response(body)
}
