// Results of scripts and found devices (maas-api §9). A walk commissions nothing, so lists may be empty, and of one result
// or device only that it is not there is tried.
import { row, type Row } from './row.ts'

const SHOWS = '200 404'
const NONE = 'nothing was commissioned here: there is none'
const GONE = { status: 404, shows: 'text', because: NONE } as const

export const RESULTS: readonly Row[] = [
  row('GET nodes/{rack}/results/', 'user', '200 400 404', { shows: '[<script-set>]*' }),
  row('GET nodes/{rack}/results/0/', 'user', '200 400 404', GONE),
  row('GET nodes/{rack}/results/0/?op=download', 'user', '200 400 404', GONE),
  row('PUT nodes/{rack}/results/0/', 'admin', '200 400 404', GONE),
  row('DELETE nodes/{rack}/results/0/', 'admin', '204 404', GONE),
  row('GET nodes/{rack}/devices/', 'user', '200 400 404', { shows: '[<node-device>]*' }),
  row('GET nodes/{rack}/devices/0/', 'user', SHOWS, GONE),
  row('DELETE nodes/{rack}/devices/0/', 'admin', '204 404', GONE),
  row('GET commissioning-results/', 'user', '200', { shows: '[<node-result>]*' }),
  row('GET installation-results/', 'user', '200', { shows: '[<node-result>]*' }),
]
