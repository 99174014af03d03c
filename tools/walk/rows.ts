// Every row of the walk, in its order.
import { INTERFACE_ROWS } from './rows-interfaces.ts'
import { IMAGES } from './rows-images.ts'
import { NAMES } from './rows-names.ts'
import { NETWORK } from './rows-network.ts'
import { LAST, NODES } from './rows-nodes.ts'
import { OBJECTS } from './rows-objects.ts'
import { PEOPLE } from './rows-people.ts'
import { STORAGE } from './rows-storage.ts'
import { RESULTS } from './rows-results.ts'
import type { Row } from './row.ts'

export const ROWS: readonly Row[] = [
  ...[...PEOPLE, ...NETWORK, ...NAMES],
  ...[...OBJECTS, ...IMAGES, ...NODES, ...INTERFACE_ROWS, ...STORAGE, ...RESULTS, ...LAST],
]
