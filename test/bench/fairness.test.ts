/** The bench of the queue's fairness runs, and its verdict is that a flood costs others nothing. */
import { expect, test } from 'bun:test'
import { rootDirectory } from '../kit/binary.ts'

test('bench/fairness.bench.ts --quick', async () => {
  const command = [process.execPath, 'bench/fairness.bench.ts', '--quick']
  const child = Bun.spawn(command, { cwd: rootDirectory, stdout: 'pipe', stderr: 'pipe' })
  const output = Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  const exitCode = await child.exited
  const [stdout, stderr] = await output
  expect(exitCode, stdout + stderr).toBe(0)
  expect(stdout).toContain('PASS 400 of one key wait: p99 is')
  expect(stdout).toContain('PASS the same, QUEUE_MAX=200: p99 is')
  expect(stdout).toContain('PASS classes are served')
  expect(stdout).not.toContain('FAIL')
}, 180_000)
