// Any service with a URI for on, off and the state (MAAS's webhook driver): POST, POST and GET; the state is read off the
// answer by two regular expressions of the administrator's.
import { askBmc as defaultAsk, expectSuccess, isVerified, type AskBmc } from './bmc-http.ts'
import { needed, PowerFailure, type PowerDriver, type PowerParameters } from './driver.ts'

const ON = String.raw`status.*\:.*running`
const OFF = String.raw`status.*\:.*stopped`
/** An expression of somebody else's runs over no more than this. */
const SEARCHED_MAX = 4_096

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
      if (expression(parameters, 'power_on_regex', ON).test(said)) return 'on'
      if (expression(parameters, 'power_off_regex', OFF).test(said)) return 'off'
      return 'unknown'
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

function expression(parameters: PowerParameters, name: string, fallback: string): RegExp {
  try {
    return new RegExp(parameters[name] || fallback, 'i')
  } catch (cause) {
    throw new PowerFailure('settings', `the power parameter ${name} is no expression`, cause)
  }
}
