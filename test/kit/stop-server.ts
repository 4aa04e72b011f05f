/** The end of a server that a test started for an SDK. */
import { eventually } from './signal.ts'

/** Ends a server of the runtime. @throws Error where a request is left. */
export async function stopServer(server: ReturnType<typeof Bun.serve>): Promise<void> {
  await eventually(
    () => server.pendingRequests === 0,
    () => `${server.pendingRequests} requests are left`,
  )
  await server.stop(true)
}
