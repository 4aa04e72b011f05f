/** The executable with traffic of the demo provider, for the dashboard to look at. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Program, type ProgramEnvironment, startBinary } from '../kit/program.ts'
import { runDirectory } from '../kit/run-directory.ts'

/** A route whose first target is down, and whose second breaks off in the middle. */
export const doomedRoute = 'doomed'

/** A route whose second target is there for the first one. */
export const pairedRoute = 'paired'

/** Names that the tests look for. */
export const targets = {
  broken: 'demo/broken?status=503',
  breaking: 'demo/breaking?headersMs=60&tokensPerSecond=50&fail=reset@8',
  /** A name is whatever a client says, and no markup. */
  steady: 'demo/<img src=x onerror=alert(1)>?tokens=100000&tokensPerSecond=50',
  chosen: 'demo/chosen?tokens=3',
  spare: 'demo/spare?tokens=3',
  short: 'demo/short?tokens=30&tokensPerSecond=60&firstTokenMs=40',
} as const

/** A rule that holds as soon as something failed. */
export const alertRule = 'anything-failed'

/**
 * Starts the executable on a port of its own, or on the one that is given.
 * @param more for the configuration file
 */
export function startDashboard(env: ProgramEnvironment = {}, more: object = {}): Promise<Program> {
  const file = join(runDirectory(), `dashboard-${crypto.randomUUID()}.json`)
  const routes = {
    [doomedRoute]: { targets: [targets.broken, targets.breaking] },
    [pairedRoute]: { targets: [targets.chosen, targets.spare] },
  }
  const rule = { metric: 'errorRate', above: 0.001, forSeconds: 0, minimumRequests: 1 }
  const alerts = { rules: { [alertRule]: rule } }
  writeFileSync(file, JSON.stringify({ routes, alerts, ...more }))
  return startBinary({ CONFIG_FILE: file, LOG_LEVEL: 'info', ...env })
}

/** A chat under way: its whole text, when it has ended. */
export interface Chat {
  readonly status: number
  readonly requestId: string
  /** Who answered. */
  readonly model: string
  readonly text: Promise<string>
}

/** Sends a chat that streams, and returns when its headers are there. */
export async function sendChat(
  url: string,
  model: string,
  { signal, key }: { signal?: AbortSignal; key?: string } = {},
): Promise<Chat> {
  const messages = [{ role: 'user', content: 'What does a lock keeper do?' }]
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ model, messages, stream: true }),
    ...(signal !== undefined && { signal }),
  })
  return {
    status: response.status,
    requestId: response.headers.get('x-request-id') ?? '',
    model: response.headers.get('x-sluice-model') ?? '',
    text: response.text().catch(() => ''),
  }
}

/** Short chats one after the other, and one that fails now and then, until it is stopped. */
export function startTraffic(url: string): { stop(): Promise<void> } {
  const leaving = new AbortController()
  const { signal } = leaving
  const keepAsking = async (model: string, pauseMs: number): Promise<void> => {
    while (!signal.aborted) {
      await sendChat(url, model, { signal })
        .then(({ text }) => text)
        .catch(() => '')
      if (!signal.aborted) await Bun.sleep(pauseMs)
    }
  }
  const clients = [
    ...Array.from({ length: 4 }, () => keepAsking(targets.short, 20)),
    keepAsking(doomedRoute, 700),
  ]
  return {
    async stop() {
      leaving.abort()
      await Promise.all(clients)
    },
  }
}
