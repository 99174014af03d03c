// Any service with a URI for on, off and the state (MAAS's webhook driver): POST, POST and GET; the state is read off the
// answer by two regular expressions of the administrator's.
import { createContext, Script } from 'node:vm'
import { askBmc as defaultAsk, expectSuccess, isVerified, type AskBmc } from './bmc-http.ts'
import { needed, PowerFailure, type PowerDriver, type PowerParameters } from './driver.ts'

const ON = String.raw`status.*\:.*running`
const OFF = String.raw`status.*\:.*stopped`
/** An expression of somebody else's runs over no more than this, and no longer. */
const SEARCHED_MAX = 4_096
const SEARCH_MS = 250
const SEARCH = new Script("new RegExp(source, 'i').test(said)")

export function webhookDriver(askBmc: AskBmc = defaultAsk): PowerDriver {
  const ask = async (
    parameters: PowerParameters,
    [method, name, body]: readonly ['GET' | 'POST', string, string?],
    signal: AbortSignal,
  ): Promise<string> => {
    const url = URL.parse(needed(parameters, name))
    if (url === null || !['http:', 'https:'].includes(url.protocol)) {
      throw new PowerFailure('settings', `the power parameter ${name} is no HTTP address`)
    }
    const headers = credentialsOf(parameters)
    const verifyTls = isVerified(parameters)
    const sent = body === undefined ? {} : { body: { action: body } }
    const answer = await askBmc({ method, url, headers, ...sent, verifyTls, signal })
    return expectSuccess(answer, `the webhook ${name}`).text
  }
  return {
    query: async (parameters, signal) => {
      const said = (await ask(parameters, ['GET', 'power_query_uri'], signal)).slice(
        0,
        SEARCHED_MAX,
      )
      if (matches(said, parameters, ['power_on_regex', ON])) return 'on'
      return matches(said, parameters, ['power_off_regex', OFF]) ? 'off' : 'unknown'
    },
    turnOn: async (parameters, signal) => {
      await ask(parameters, ['POST', 'power_on_uri', 'on'], signal)
    },
    turnOff: async (parameters, _how, signal) => {
      await ask(parameters, ['POST', 'power_off_uri', 'off'], signal)
    },
  }
}

function credentialsOf(parameters: PowerParameters): Readonly<Record<string, string>> {
  const token = parameters['power_token'] ?? ''
  if (token !== '') return { authorization: `Bearer ${token}` }
  const user = parameters['power_user'] ?? ''
  if (user === '') return {}
  const both = `${user}:${parameters['power_pass'] ?? ''}`
  return { authorization: `Basic ${Buffer.from(both).toString('base64')}` }
}

/** In a while that no expression can make longer: `(a+)+$` would hold the rack for years, and DHCP with it. */
function matches(
  said: string,
  parameters: PowerParameters,
  [name, fallback]: readonly [string, string],
): boolean {
  const source = parameters[name] || fallback
  try {
    return SEARCH.runInContext(createContext({ source, said }), { timeout: SEARCH_MS }) === true
  } catch (cause) {
    const isLate = (cause as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
    const what = isLate ? 'takes too long' : 'is no expression'
    throw new PowerFailure('settings', `the power parameter ${name} ${what}`, cause)
  }
}
