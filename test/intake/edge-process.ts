/**
 * Intake in a process of its own, for what cannot be seen from inside one: its memory, a full disk,
 * a kill. Arguments: the spool directory, the receiver's address. Speaks over IPC.
 */
import { Edge } from './edge.ts'

/** What the process tells. */
export interface EdgeReport {
  readonly url: string
  readonly rssMaxBytes: number
  readonly files: number
  readonly bytes: number
  readonly underway: number
}

const [directory = '', receiver = ''] = process.argv.slice(2)

if (import.meta.main) {
  const mebibyte = 1 << 20
  const edge = new Edge(
    {
      spoolDirectory: directory,
      requestBytesMax: 200 * mebibyte,
      memoryBytesMax: mebibyte,
      spoolBytesMax: 200 * mebibyte,
    },
    { url: receiver },
  )
  let rssMaxBytes = 0
  const look = () => {
    rssMaxBytes = Math.max(rssMaxBytes, process.memoryUsage.rss())
  }
  setInterval(look, 5)
  process.on('message', (message) => {
    if (message === 'forget') {
      Bun.gc(true)
      rssMaxBytes = 0
    }
    look()
    const { filesOpen: files, bytesInUse: bytes } = edge.spool
    const report: EdgeReport = {
      url: edge.url,
      rssMaxBytes,
      files,
      bytes,
      underway: edge.sweep.size,
    }
    process.send?.(report)
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.('ready')
}
