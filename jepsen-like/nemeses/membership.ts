// `membership`: leadership handed over, a node removed for good and another one joined in its place.
import { bothPlaces, type Nemesis } from '../nemesis.ts'

export const MEMBERSHIP: Nemesis = {
  name: 'membership',
  summary: 'leadership is handed over; a node is removed and another joins in its place',
  arrivesWith: 'region join, leave and remove',
  required: () => bothPlaces('membership', 'replace'),
  inject: async () => null,
}
