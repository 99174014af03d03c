// What a rack can do to a machine through its BMC: the four things that every driver offers, and the one way in which
// they fail. What is made of them (cycle, wait until it is so, give up) is `carry-out.ts`; the parameters are MAAS's
// (`power_address`, `power_user`, …), as strings, and may hold secrets: no driver puts them into argv, a message or a log.

export type PowerParameters = Readonly<Record<string, string>>

/** `unknown`: the BMC answered, with something between on and off (powering on, in reset). */
export type SeenPower = 'on' | 'off' | 'unknown'

/** Each call ends when `signal` does, at the latest, and throws PowerFailure. */
export interface PowerDriver {
  readonly query: (parameters: PowerParameters, signal: AbortSignal) => Promise<SeenPower>
  /** The next boot only; absent: the BMC cannot be told, so the firmware's own order must begin with the network. */
  readonly bootFromNetwork?: (parameters: PowerParameters, signal: AbortSignal) => Promise<void>
  /** Asks for it; whether it became so is found out by `query`. */
  readonly turnOn: (parameters: PowerParameters, signal: AbortSignal) => Promise<void>
  readonly turnOff: (
    parameters: PowerParameters,
    /** Ask the operating system first. */
    how: { readonly soft: boolean },
    signal: AbortSignal,
  ) => Promise<void>
}

/**
 * `settings`: the parameters cannot work, `credentials`: the BMC does not know us, `unreachable`: no answer in time,
 * `tool`: a program is missing on this rack, `refused`: the BMC understood and said no, `nonsense`: it answered with
 * something that no driver of ours understands. Trying again can help with the last four.
 */
export type PowerFailureCode =
  | 'settings'
  | 'credentials'
  | 'unreachable'
  | 'tool'
  | 'refused'
  | 'nonsense'

export class PowerFailure extends Error {
  readonly code: PowerFailureCode

  /** `message` becomes an event of the machine: one sentence without its full stop, no secrets. */
  constructor(code: PowerFailureCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'PowerFailure'
    this.code = code
  }
}

/** The value, or a failure that names what is missing. */
export function needed(parameters: PowerParameters, name: string): string {
  const value = parameters[name] ?? ''
  if (value === '') throw new PowerFailure('settings', `the power parameter ${name} is missing`)
  return value
}
