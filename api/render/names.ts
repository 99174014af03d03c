// What all rendered objects share: paths and times.

export const API_ROOT = '/MAAS/api/2.0/'

/** `resource_uri`: absolute path, parts encoded. */
export function uri(...parts: readonly (string | number)[]): string {
  let path = API_ROOT
  // A loop, because a machine in a list has twenty of them.
  for (const part of parts) {
    path += `${typeof part === 'number' ? part : encodeURIComponent(part)}/`
  }
  return path
}

/** `2016-11-08T12:34:56.789`, UTC. */
export function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 23)
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** `Tue, 08 Nov. 2016 12:34:56`, UTC: events and script results. */
export function eventTime(wallMs: number): string {
  const at = new Date(wallMs)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${DAYS[at.getUTCDay()] ?? ''}, ${two(at.getUTCDate())}`
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(':')
  return `${day} ${MONTHS[at.getUTCMonth()] ?? ''}. ${at.getUTCFullYear()} ${time}`
}
