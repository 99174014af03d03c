// A session at a Redfish service (DSP0266 §13.3.4): made for one piece of work and always deleted, because BMCs have
// four to sixteen of them. Where sessions are not offered, every request carries the password (§13.3.2).
import { parseBmcUrl } from './bmc-address.ts'
import {
  type AskBmc,
  type BmcAnswer,
  type BmcRequest,
  expectSuccess,
  isVerified,
  type Json,
  jsonObject,
} from './bmc-http.ts'
import { needed, PowerFailure, type PowerParameters } from './driver.ts'

type Ask = Pick<BmcRequest, 'method' | 'body' | 'headers'>

export type RedfishSession = {
  /** Waits and asks again while the BMC says 503. Any other status is an answer. */
  readonly ask: (path: string, ask?: Partial<Ask>) => Promise<BmcAnswer>
  readonly read: (path: string) => Promise<Json>
  readonly pause: (ms: number) => Promise<void>
}

export type SessionOptions = {
  readonly askBmc: AskBmc
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  readonly parameters: PowerParameters
  readonly signal: AbortSignal
}

const SESSIONS = '/redfish/v1/SessionService/Sessions'
const BUSY_WAIT_MS = 1_000
const BUSY_WAIT_MS_MAX = 5_000

export async function withSession<T>(
  options: SessionOptions,
  work: (session: RedfishSession) => Promise<T>,
): Promise<T> {
  const { parameters } = options
  const root = parseBmcUrl(needed(parameters, 'power_address'))
  const user = needed(parameters, 'power_user')
  const password = parameters['power_pass'] ?? ''
  const anonymous = sessionAt(root, options, {})
  const made = await anonymous.ask(SESSIONS, {
    method: 'POST',
    body: { UserName: user, Password: password },
  })
  if ([404, 405, 501].includes(made.status)) {
    const basic = Buffer.from(`${user}:${password}`).toString('base64')
    return await work(sessionAt(root, options, { authorization: `Basic ${basic}` }))
  }
  const token = expectSuccess(made, 'a session').headers['x-auth-token']
  if (typeof token !== 'string') {
    throw new PowerFailure('nonsense', 'the BMC made a session without a token')
  }
  const session = sessionAt(root, options, { 'x-auth-token': token })
  try {
    return await work(session)
  } finally {
    await endSession(options, root, token, made)
  }
}

/** With a time of its own: the work may have ended because its time was over. */
async function endSession(
  { askBmc, parameters }: SessionOptions,
  root: URL,
  token: string,
  made: BmcAnswer,
): Promise<void> {
  const named = made.headers.location ?? textOf(jsonOrEmpty(made)['@odata.id'])
  const url = named === '' ? null : ownUrl(named, root)
  if (url === null) return
  await askBmc({
    ...{ method: 'DELETE', url, headers: { 'x-auth-token': token } },
    verifyTls: isVerified(parameters),
    signal: AbortSignal.timeout(2_000),
  }).catch(() => {
    // It ends by itself after some minutes; the work is done or has failed for a reason that matters more.
  })
}

/** What the BMC points to, by the scheme by which we came: some name themselves by `http:` to whoever speaks TLS. */
function ownUrl(path: string, root: URL): URL | null {
  const url = URL.parse(path, root)
  if (url?.host !== root.host) return null
  url.protocol = root.protocol
  return url
}

/** '' for what is no text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function jsonOrEmpty(answer: BmcAnswer): Json {
  try {
    return jsonObject(answer)
  } catch {
    return {}
  }
}

function sessionAt(
  root: URL,
  options: SessionOptions,
  headers: Readonly<Record<string, string>>,
): RedfishSession {
  const { askBmc, sleep, parameters, signal } = options
  const ask: RedfishSession['ask'] = async (path, more = {}) => {
    const url = ownUrl(path, root)
    if (url === null) throw new PowerFailure('nonsense', 'the BMC points elsewhere')
    for (;;) {
      const answer = await askBmc({
        ...{ method: more.method ?? 'GET', url, body: more.body },
        headers: { 'odata-version': '4.0', ...headers, ...more.headers },
        ...{ verifyTls: isVerified(parameters), signal },
      })
      if (answer.status !== 503) return answer
      const asked = Number(answer.headers['retry-after']) * 1_000
      await sleep(asked > 0 ? Math.min(asked, BUSY_WAIT_MS_MAX) : BUSY_WAIT_MS, signal)
    }
  }
  return {
    ask,
    read: async (path) => jsonObject(expectSuccess(await ask(path), `reading ${path}`)),
    pause: (ms) => sleep(ms, signal),
  }
}
