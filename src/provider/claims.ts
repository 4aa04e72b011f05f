/** Model name patterns of the operator's configuration. */

/** Whether `model` fits one of `patterns`: equal, or, with `*` at the end, beginning alike. */
export function matchesModel(patterns: readonly string[], model: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern,
  )
}
