// Virtual machines of a Proxmox VE cluster by its REST API, with an API token or user and password.
import { parseBmcUrl } from './bmc-address.ts'
import {
  type AskBmc,
  type BmcRequest,
  askBmc as defaultAsk,
  expectSuccess,
  isVerified,
  jsonObject,
} from './bmc-http.ts'
import { needed, PowerFailure, type PowerDriver, type PowerParameters } from './driver.ts'

const PORT = 8006
type Guest = { readonly path: string; readonly status: string }
type Call = (method: BmcRequest['method'], path: string) => Promise<unknown>

export function proxmoxDriver(askBmc: AskBmc = defaultAsk): PowerDriver {
  const at = async <T>(
    parameters: PowerParameters,
    signal: AbortSignal,
    work: (call: Call, guest: Guest) => Promise<T>,
  ): Promise<T> => {
    const call = await openApi(askBmc, parameters, signal)
    return await work(call, await findGuest(call, needed(parameters, 'power_vm_name')))
  }
  const turn = (parameters: PowerParameters, word: string, done: string, signal: AbortSignal) =>
    at(parameters, signal, async (call, { path, status }) => {
      if (status !== done) await call('POST', `${path}/status/${word}`)
    })
  return {
    query: (parameters, signal) =>
      at(parameters, signal, async (call, { path }) => {
        const current = await call('GET', `${path}/status/current`)
        const status = field(current, 'status')
        if (status === 'running') return 'on'
        return status === 'stopped' ? 'off' : 'unknown'
      }),
    turnOn: (parameters, signal) => turn(parameters, 'start', 'running', signal),
    turnOff: (parameters, { soft }, signal) =>
      turn(parameters, soft ? 'shutdown' : 'stop', 'stopped', signal),
  }
}

export async function openApi(
  askBmc: AskBmc,
  parameters: PowerParameters,
  signal: AbortSignal,
): Promise<Call> {
  const root = parseBmcUrl(needed(parameters, 'power_address'), PORT)
  const verifyTls = isVerified(parameters)
  const callWith =
    (headers: Readonly<Record<string, string>>, body?: string): Call =>
    async (method, path) => {
      const url = new URL(`/api2/json${path}`, root)
      const sent = body === undefined ? {} : { body }
      const answer = await askBmc({ method, url, headers, ...sent, verifyTls, signal })
      return jsonObject(expectSuccess(answer, path))['data']
    }
  const user = needed(parameters, 'power_user')
  const secret = parameters['power_token_secret'] ?? ''
  if (secret !== '') {
    const name = needed(parameters, 'power_token_name')
    const id = name.includes('!') ? name : `${user}!${name}`
    return callWith({ authorization: `PVEAPIToken=${id}=${secret}` })
  }
  const form = new URLSearchParams({ username: user, password: needed(parameters, 'power_pass') })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const made = await callWith(headers, form.toString())('POST', '/access/ticket')
  const ticket = field(made, 'ticket')
  const csrf = field(made, 'CSRFPreventionToken')
  return callWith({ cookie: `PVEAuthCookie=${ticket}`, csrfpreventiontoken: csrf })
}

/** By name or by number. */
async function findGuest(call: Call, name: string): Promise<Guest> {
  const list = await call('GET', '/cluster/resources?type=vm')
  const guests = (Array.isArray(list) ? list : []).filter(
    (guest: unknown) => field(guest, 'name') === name || field(guest, 'vmid') === name,
  )
  if (guests.length !== 1) {
    const how = guests.length === 0 ? 'no virtual machine' : 'more than one virtual machine'
    throw new PowerFailure('settings', `Proxmox has ${how} '${name}'`)
  }
  const [node, type, vmid] = ['node', 'type', 'vmid'].map((each) => field(guests[0], each))
  if (
    !/^[\w.-]+$/.test(node ?? '') ||
    !/^(qemu|lxc)$/.test(type ?? '') ||
    !/^\d+$/.test(vmid ?? '')
  ) {
    throw new PowerFailure(
      'nonsense',
      'Proxmox lists virtual machines in a way that we do not know',
    )
  }
  return { path: `/nodes/${node}/${type}/${vmid}`, status: field(guests[0], 'status') }
}

/** Text of a field, numbers too; '' when it is absent. */
export function field(value: unknown, name: string): string {
  const found = (value as Readonly<Record<string, unknown>> | null)?.[name]
  return typeof found === 'string' || typeof found === 'number' ? String(found) : ''
}
