// A small Redfish service (DSP0266 1.x, ComputerSystem of DSP0268): sessions, systems with boot override and reset,
// ETags, tasks, and the faults of `quirks.ts`. Pure of sockets: a request in, an answer out.
import type { BootDevice, MachinePort } from './machine-port.ts'
import type { Quirks } from './quirks.ts'

export type RedfishRequest = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}
export type RedfishAnswer = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

const ROOT = '/redfish/v1'
const TARGETS: Readonly<Record<string, BootDevice>> = { Pxe: 'pxe', Hdd: 'disk', None: 'none' }

export class RedfishService {
  readonly #machine: MachinePort
  readonly #user: string
  readonly #password: string
  readonly #quirks: Quirks
  readonly #sessions = new Map<string, string>()
  readonly #tasks = new Map<string, { looks: number; done: () => void }>()
  #boot: BootDevice = 'none'
  #tag = 1
  #restless: number
  #busy: number
  #slow: { left: number; state: string } = { left: 0, state: '' }
  #count = 0

  constructor(options: {
    readonly machine: MachinePort
    readonly user: string
    readonly password: string
    readonly quirks: Quirks
  }) {
    this.#machine = options.machine
    this.#user = options.user
    this.#password = options.password
    this.#quirks = options.quirks
    this.#restless = options.quirks.restlessTags
    this.#busy = options.quirks.busyTimes
  }

  /** Sessions that nobody ended. */
  get sessions(): number {
    return this.#sessions.size
  }

  answer(request: RedfishRequest): RedfishAnswer {
    const { method } = request
    const path = request.path.replace(/\/+$/, '')
    if (this.#busy > 0) {
      this.#busy -= 1
      return problem(503, 'ServiceTemporarilyUnavailable', { 'retry-after': '1' })
    }
    if (this.#quirks.redirectsToSlash && method === 'GET' && !request.path.endsWith('/')) {
      return { status: 308, headers: { location: `${request.path}/` } }
    }
    if (path === `${ROOT}/SessionService/Sessions` && method === 'POST') return this.#login(request)
    if (!this.#isKnown(request)) return problem(401, 'InsufficientPrivilege')
    if (method === 'DELETE' && path.startsWith(`${ROOT}/SessionService/Sessions/`)) {
      const token = [...this.#sessions].find(([, each]) => each === path)?.[0]
      return { status: this.#sessions.delete(token ?? '') ? 204 : 404 }
    }
    if (this.#quirks.talksNonsense) return { status: 200, body: '<html>please wait' }
    if (path === `${ROOT}/Systems` && method === 'GET') return { status: 200, body: this.#list() }
    if (path.startsWith(`${ROOT}/TaskService/`)) return this.#look(path)
    return this.#system(request, path)
  }

  #login({ body }: RedfishRequest): RedfishAnswer {
    if (this.#quirks.noSessions) return problem(404, 'ResourceMissing')
    const { UserName, Password } = parse(body)
    if (UserName !== this.#user || Password !== this.#password) {
      return problem(401, 'ResourceAtUriUnauthorized')
    }
    if (this.#sessions.size >= this.#quirks.sessionsMax) return problem(400, 'SessionLimitExceeded')
    this.#count += 1
    const token = `token-${this.#count}`
    const location = `${ROOT}/SessionService/Sessions/${this.#count}`
    this.#sessions.set(token, location)
    return {
      status: 201,
      headers: { 'x-auth-token': token, location },
      body: { '@odata.id': location },
    }
  }

  #isKnown({ headers }: RedfishRequest): boolean {
    const both = Buffer.from(`${this.#user}:${this.#password}`).toString('base64')
    return (
      this.#sessions.has(headers['x-auth-token'] ?? '') ||
      headers['authorization'] === `Basic ${both}`
    )
  }

  #list(): unknown {
    const Members = this.#quirks.systems.map((id) => ({ '@odata.id': `${ROOT}/Systems/${id}` }))
    return { '@odata.id': `${ROOT}/Systems`, Members, 'Members@odata.count': Members.length }
  }

  #system({ method, headers, body }: RedfishRequest, path: string): RedfishAnswer {
    const [, id = '', rest = ''] = /^\/redfish\/v1\/Systems\/([^/]+)(.*)$/.exec(path) ?? []
    if (id !== this.#quirks.systems[0]) return problem(404, 'ResourceMissing')
    if (rest === '' && method === 'GET') return this.#read(path)
    if (rest === '' && method === 'PATCH') return this.#override(parse(body), headers['if-match'])
    if (rest === '/Actions/ComputerSystem.Reset' && method === 'POST')
      return this.#reset(parse(body))
    return problem(405, 'OperationNotAllowed')
  }

  #read(path: string): RedfishAnswer {
    const target =
      Object.entries(TARGETS).find(([, device]) => device === this.#boot)?.[0] ?? 'None'
    const body = {
      '@odata.id': path,
      '@odata.type': '#ComputerSystem.v1_20_0.ComputerSystem',
      PowerState: this.#powerState(),
      Boot: {
        BootSourceOverrideTarget: target,
        BootSourceOverrideEnabled: this.#boot === 'none' ? 'Disabled' : 'Once',
        'BootSourceOverrideTarget@Redfish.AllowableValues': Object.keys(TARGETS),
      },
      Actions: {
        '#ComputerSystem.Reset': {
          target: `${path}/Actions/ComputerSystem.Reset`,
          'ResetType@Redfish.AllowableValues': this.#quirks.resetTypes,
        },
      },
    }
    const headers = { etag: `W/"${this.#tag}"` }
    if (this.#restless > 0) {
      this.#restless -= 1
      this.#tag += 1
    }
    return { status: 200, headers, body }
  }

  #powerState(): string {
    if (this.#slow.left > 0) {
      this.#slow.left -= 1
      return this.#slow.state
    }
    return this.#machine.isOn() ? 'On' : 'Off'
  }

  #override({ Boot }: Record<string, unknown>, ifMatch: string | undefined): RedfishAnswer {
    if (this.#quirks.needsIfMatch && ifMatch === undefined)
      return problem(428, 'PreconditionRequired')
    if (ifMatch !== undefined && ifMatch !== `W/"${this.#tag}"`) return problem(412, 'ETagMismatch')
    const wanted = parse(JSON.stringify(Boot ?? {}))
    const device = TARGETS[String(wanted['BootSourceOverrideTarget'])]
    if (device === undefined) return problem(400, 'PropertyValueNotInList')
    this.#boot = wanted['BootSourceOverrideEnabled'] === 'Disabled' ? 'none' : device
    this.#tag += 1
    return { status: 204 }
  }

  #reset({ ResetType }: Record<string, unknown>): RedfishAnswer {
    const type = String(ResetType)
    if (!this.#quirks.resetTypes.includes(type))
      return problem(400, 'ActionParameterValueNotInList')
    const isOn = /^(On|ForceOn)$/.test(type)
    const done = (): void => {
      if (this.#quirks.liesAboutPower) return
      if (isOn && !this.#machine.isOn()) this.#machine.turnOn(this.#boot)
      if (isOn) this.#boot = 'none'
      else this.#machine.turnOff()
      const state = isOn ? 'PoweringOn' : 'PoweringOff'
      this.#slow = { left: this.#quirks.slowReadings, state }
    }
    if (this.#quirks.taskLooks === 0) {
      done()
      return { status: 204 }
    }
    this.#count += 1
    const location = `${ROOT}/TaskService/TaskMonitors/${this.#count}`
    this.#tasks.set(location, { looks: this.#quirks.taskLooks, done })
    return { status: 202, headers: { location }, body: { TaskState: 'New' } }
  }

  #look(path: string): RedfishAnswer {
    const task = this.#tasks.get(path)
    if (task === undefined) return problem(404, 'ResourceMissing')
    task.looks -= 1
    if (task.looks > 0)
      return { status: 202, headers: { location: path }, body: { TaskState: 'Running' } }
    this.#tasks.delete(path)
    if (this.#quirks.taskEnds === 'Completed') task.done()
    return { status: 200, body: { TaskState: this.#quirks.taskEnds } }
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function problem(
  status: number,
  id: string,
  headers: Readonly<Record<string, string>> = {},
): RedfishAnswer {
  return { status, headers, body: { error: { code: `Base.1.18.${id}`, message: id } } }
}
