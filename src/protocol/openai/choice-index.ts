/** Which of several answers an entry of `choices` belongs to. */
import type { JsonObject } from '../../core/json.ts'

/** More choices than any API offers; beyond it a choice is not told apart from the first. */
const choicesMax = 4_096

/** The index of a choice; 0 where it has none that can be used. */
export function choiceIndex(choice: JsonObject): number {
  const index = choice.index
  const usable = typeof index === 'number' && Number.isInteger(index)
  return usable && index >= 0 && index < choicesMax ? index : 0
}
