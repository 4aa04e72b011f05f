/** Everything that is read of a worker when it is asked. */
import { healthFamilies, programFamilies, storeFamilies } from './health-families.ts'
import { memoryFamilies, trafficFamilies } from './load-families.ts'
import type { StateFamily } from './state-family.ts'

/** All of them, in the order in which they are written. */
export const stateFamilies: readonly StateFamily[] = [
  ...trafficFamilies,
  ...memoryFamilies,
  ...healthFamilies,
  ...storeFamilies,
  ...programFamilies,
]
