/** Freezes a value and everything in it, so that nobody downstream can change what was checked. */
export function deepFrozen<Value extends object>(value: Value): Value {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFrozen(part)
  }
  return Object.freeze(value)
}
