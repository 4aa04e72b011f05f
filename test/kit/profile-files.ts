/** What Chrome's developer tools need of the files that they open; each check throws. */
import { expect } from 'bun:test'
import { readFileSync } from 'node:fs'
import type { CpuProfile } from '../../src/observe/profile/cpu-profile.ts'

/** Reads a `.cpuprofile`: its tree, its samples and its times must belong together. */
export function readCpuProfile(file: string): CpuProfile {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  checkCpuProfile(profile)
  return profile
}

/** The same of one that was read. */
export function checkCpuProfile(profile: CpuProfile): void {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  expect(byId.size).toBe(profile.nodes.length)
  expect(profile.nodes[0]?.callFrame.functionName).toBe('(root)')
  const seen = new Set<number>()
  const visit = (id: number): void => {
    // A node that occurred twice would make the viewer walk in circles.
    expect(seen.has(id)).toBe(false)
    seen.add(id)
    const node = byId.get(id)
    expect(node?.callFrame.functionName).toBeString()
    expect(node?.callFrame.lineNumber).toBeInteger()
    for (const child of node?.children ?? []) visit(child)
  }
  visit(profile.nodes[0]?.id ?? Number.NaN)
  expect(seen.size).toBe(profile.nodes.length)
  expect(profile.timeDeltas.length).toBe(profile.samples.length)
  expect(profile.samples.length).toBeGreaterThan(0)
  const hits = new Map<number, number>()
  for (const id of profile.samples) hits.set(id, (hits.get(id) ?? 0) + 1)
  for (const node of profile.nodes) expect(node.hitCount).toBe(hits.get(node.id) ?? 0)
  expect(Math.min(...profile.timeDeltas)).toBeGreaterThanOrEqual(0)
  const lasted = profile.timeDeltas.reduce((sum, delta) => sum + delta, 0)
  expect(lasted).toBeLessThanOrEqual(profile.endTime - profile.startTime + 1000)
}

interface HeapSnapshot {
  readonly snapshot: {
    readonly node_count: number
    readonly edge_count: number
    readonly meta: {
      readonly node_fields: readonly string[]
      readonly node_types: readonly unknown[]
      readonly edge_fields: readonly string[]
    }
  }
  readonly nodes: readonly number[]
  readonly edges: readonly number[]
  readonly strings: readonly string[]
}

/** Reads a `.heapsnapshot`: counts, indexes and sizes must be right. @returns its texts. */
export function readHeapSnapshot(file: string): readonly string[] {
  const parsed = JSON.parse(readFileSync(file, 'utf8')) as HeapSnapshot
  const { snapshot, nodes, edges, strings } = parsed
  const { node_fields: fields, node_types: types, edge_fields: edgeFields } = snapshot.meta
  expect(fields.slice(0, 5)).toEqual(['type', 'name', 'id', 'self_size', 'edge_count'])
  expect(edgeFields).toEqual(['type', 'name_or_index', 'to_node'])
  expect(snapshot.node_count).toBeGreaterThan(1000)
  expect(nodes.length).toBe(snapshot.node_count * fields.length)
  expect(edges.length).toBe(snapshot.edge_count * edgeFields.length)
  const kinds = Array.isArray(types[0]) ? types[0].length : 0
  let edgeCount = 0
  let wrong = 0
  for (let at = 0; at < nodes.length; at += fields.length) {
    const [type = -1, name = -1, , size = -1, count = -1] = nodes.slice(at, at + 5)
    edgeCount += count
    if (type >= kinds || strings[name] === undefined || size < 0 || count < 0) wrong += 1
  }
  for (let at = 2; at < edges.length; at += edgeFields.length) {
    const node = edges[at] ?? -1
    if (node < 0 || node >= nodes.length || node % fields.length !== 0) wrong += 1
  }
  expect([edgeCount, wrong]).toEqual([snapshot.edge_count, 0])
  return strings
}
