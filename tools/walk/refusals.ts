// What each call must be refused for, whatever else it does: no key, too few rights, an object that is not there, a
// field that is missing. None of these changes anything.
import type { Encoding } from './bodies.ts'
import type { Answer } from './judge.ts'
import type { Row } from './row.ts'

export type Asked = {
  readonly method: string
  readonly target: string
  readonly key: string | null
  readonly form?: Readonly<Record<string, string>> | undefined
  readonly encoding?: Encoding
  readonly bytes?: string | undefined
}
export type Ask = (asked: Asked) => Promise<Answer>

export type Refusal = {
  readonly name: string
  readonly asked: Asked
  readonly status: number
  /** What the body must name. */
  readonly says?: string
}

const NOBODY = 'zzzzzz'

/** `asked` is the call itself, with everything filled in. */
export function refusalsOf(row: Row, asked: Asked, plainKey: string): readonly Refusal[] {
  const refusals: Refusal[] = []
  if (row.caller !== 'anyone') {
    refusals.push({ name: 'without a key', asked: { ...asked, key: null }, status: 401 })
  }
  if (row.caller === 'admin') {
    refusals.push({ name: 'by a plain user', asked: { ...asked, key: plainKey }, status: 403 })
  }
  const [, path = ''] = / ([^?]*)/.exec(row.call) ?? []
  if (path.includes('{') && !path.startsWith('{') && row.codes.split(' ').includes('404')) {
    const query = asked.target.slice(asked.target.indexOf('?') >>> 0)
    const target = `${path.replaceAll(/\{[\w.]+\}/g, NOBODY)}${asked.target.includes('?') ? query : ''}`
    refusals.push({ name: 'of nothing', asked: { ...asked, target }, status: 404 })
  }
  const { needs } = row
  if (needs !== undefined) {
    const form = Object.fromEntries(
      Object.entries(asked.form ?? {}).filter(([name]) => name !== needs),
    )
    refusals.push({ name: `without ${needs}`, asked: { ...asked, form }, status: 400, says: needs })
  }
  return refusals
}

/** The last one of the path. */
export function withoutSlash(target: string): string {
  return target.replace(/\/(?=\?|$)/, '')
}

/** Other ways to say a GET: HEAD, and a path without its last slash (maas-api §1, §2). */
export function sameAs(row: Row, asked: Asked, status: number): readonly Refusal[] {
  // A GET that changes something (early MAAS 2.0) is no HEAD, and one that deletes is done once.
  if (asked.method !== 'GET' || status === 204 || /[?&]op=\w+_tag\b/.test(asked.target)) return []
  const bare = withoutSlash(asked.target)
  return [
    { name: 'as HEAD', asked: { ...asked, method: 'HEAD' }, status },
    ...(bare === asked.target || row.call.startsWith('GET {')
      ? []
      : [{ name: 'without the last slash', asked: { ...asked, target: bare }, status }]),
  ]
}
