// Redfish (DSP0266, DSP0268): a machine is one ComputerSystem of the service. What vendors do differently is asked for
// instead of assumed: allowable values, ETags, tasks, several systems, power states between on and off.
import { type AskBmc, type BmcAnswer, expectSuccess, type Json, jsonObject } from './bmc-http.ts'
import { PowerFailure, type PowerDriver, type PowerParameters, type SeenPower } from './driver.ts'
import { type RedfishSession, textOf, withSession } from './redfish-session.ts'

export type RedfishPorts = {
  readonly askBmc: AskBmc
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

const SYSTEMS = '/redfish/v1/Systems'
const TASK_POLL_MS = 500
/** `PowerState` of DSP0268; the others (PoweringOn, PoweringOff, Reset, null) are neither on nor off yet. */
const STATES: Readonly<Record<string, SeenPower>> = { On: 'on', Paused: 'on', Off: 'off' }

export function redfishDriver(ports: RedfishPorts): PowerDriver {
  const at = async <T>(
    parameters: PowerParameters,
    signal: AbortSignal,
    work: (session: RedfishSession, path: string) => Promise<T>,
  ): Promise<T> =>
    await withSession(
      { ...ports, parameters, signal },
      async (session) => await work(session, await systemPath(session, parameters)),
    )
  const reset = (
    parameters: PowerParameters,
    wanted: (seen: SeenPower) => readonly string[],
    signal: AbortSignal,
  ): Promise<void> =>
    at(parameters, signal, async (session, path) => {
      const system = await session.read(path)
      await resetSystem(session, system, path, wanted(stateOf(system)))
    })
  return {
    query: async (parameters, signal) =>
      await at(parameters, signal, async (session, path) => {
        return stateOf(await session.read(path))
      }),
    bootFromNetwork: async (parameters, signal) => await at(parameters, signal, bootOnceFromPxe),
    turnOn: async (parameters, signal) => await reset(parameters, () => ['On', 'ForceOn'], signal),
    turnOff: async (parameters, { soft }, signal) => {
      // The button of a machine that is going off would switch it on.
      const softly = (seen: SeenPower) =>
        seen === 'on' ? ['GracefulShutdown', 'PushPowerButton'] : ['GracefulShutdown']
      await reset(parameters, soft ? softly : () => ['ForceOff'], signal)
    },
  }
}

function stateOf(system: Json): SeenPower {
  return STATES[textOf(system['PowerState'])] ?? 'unknown'
}

/** The system that `node_id` names, or the only one. */
async function systemPath(session: RedfishSession, parameters: PowerParameters): Promise<string> {
  const wanted = parameters['node_id'] ?? ''
  const paths = pathsOf(await session.read(SYSTEMS))
  if (wanted !== '') {
    const found = paths.find((path) => idOf(path) === wanted || path === wanted)
    if (found !== undefined) return found
  }
  const [only, ...more] = paths
  if (wanted === '' && only !== undefined && more.length === 0) return only
  const known = paths.slice(0, 10).map(idOf).join(', ')
  if (paths.length === 0) throw new PowerFailure('nonsense', 'the BMC knows no system')
  const problem = wanted === '' ? 'several systems' : `no system '${wanted}'`
  throw new PowerFailure('settings', `the BMC has ${problem}: node_id is one of ${known}`)
}

/** Of the members of a collection. */
export function pathsOf({ Members }: Json): readonly string[] {
  return (Array.isArray(Members) ? Members : []).flatMap((member: unknown) => {
    const path = isObject(member) ? member['@odata.id'] : undefined
    return typeof path === 'string' ? [path] : []
  })
}

export function idOf(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? ''
}

async function bootOnceFromPxe(session: RedfishSession, path: string): Promise<void> {
  const Boot = { BootSourceOverrideTarget: 'Pxe', BootSourceOverrideEnabled: 'Once' }
  // Some BMCs insist on If-Match (428), others change the tag between the reading and the writing (412).
  for (let tries = 0; ; tries += 1) {
    const seen = await session.ask(path)
    const system = jsonObject(expectSuccess(seen, 'reading the system'))
    const etag = seen.headers.etag ?? system['@odata.etag']
    const headers: Record<string, string> = typeof etag === 'string' ? { 'if-match': etag } : {}
    const answer = await session.ask(path, { method: 'PATCH', body: { Boot }, headers })
    if ((answer.status === 412 || answer.status === 428) && tries < 2) continue
    await finish(session, expectSuccess(answer, 'to boot from the network'))
    return
  }
}

async function resetSystem(
  session: RedfishSession,
  system: Json,
  path: string,
  wanted: readonly string[],
): Promise<void> {
  const actions = isObject(system['Actions']) ? system['Actions'] : {}
  const action = actions['#ComputerSystem.Reset']
  const named = isObject(action) ? action['target'] : undefined
  const target =
    typeof named === 'string' ? named : `${path.replace(/\/$/, '')}/Actions/ComputerSystem.Reset`
  const allowed = isObject(action) ? action['ResetType@Redfish.AllowableValues'] : undefined
  const ResetType = Array.isArray(allowed)
    ? wanted.find((type) => allowed.includes(type))
    : wanted[0]
  if (ResetType === undefined) {
    throw new PowerFailure('refused', `the BMC offers none of ${wanted.join(', ')}`)
  }
  const answer = await session.ask(target, { method: 'POST', body: { ResetType } })
  await finish(session, expectSuccess(answer, `'${ResetType}'`))
}

/** 202 with a task to wait for; everything else is done. */
async function finish(session: RedfishSession, answer: BmcAnswer): Promise<void> {
  const monitor = answer.headers.location
  if (answer.status !== 202 || monitor === undefined) return
  for (;;) {
    const polled = await session.ask(monitor)
    // A task monitor is 202 while it lasts, then whatever the call itself would have been answered with.
    if (polled.status === 404 || polled.status === 410) return
    expectSuccess(polled, 'what it had accepted')
    const task = polled.text === '' ? {} : jsonObject(polled)
    const state = textOf(task['TaskState'])
    if (['Exception', 'Killed', 'Cancelled'].includes(state)) {
      throw new PowerFailure('refused', `the task of the BMC ended as ${state}`)
    }
    if (state === 'Completed' || (state === '' && polled.status !== 202)) return
    await session.pause(TASK_POLL_MS)
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
