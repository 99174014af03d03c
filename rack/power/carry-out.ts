// Makes a machine be as it is wanted, by what a driver can do: asks how it is, acts, and looks until it is so. A BMC
// that lies, hangs or flips ends this by the clock, never by a count alone; an order that is already fulfilled
// costs one question. Boot from the network is asked for before every start.
import { PowerFailure, type PowerDriver, type PowerParameters, type SeenPower } from './driver.ts'

export type PowerWork = {
  readonly driver: PowerDriver
  readonly parameters: PowerParameters
  readonly wanted: 'on' | 'off'
  readonly soft: boolean
  /** Ends everything. */
  readonly signal: AbortSignal
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
}

/** MAAS's waits between looks (maas-features §13); the last one again and again, until the signal. */
const WAITS_MS = [1_000, 2_000, 2_000, 4_000, 6_000, 8_000] as const
/** A machine that ignores the wish to shut down is switched off after so many looks. */
const SOFT_LOOKS_MAX = 5

/** What was seen last, which is what was wanted. Throws PowerFailure. */
export async function carryOut(work: PowerWork): Promise<SeenPower> {
  const { driver, parameters, wanted, signal } = work
  const seen = await driver.query(parameters, signal)
  // A machine that is on already does not boot by being switched on.
  if (seen === wanted) return seen
  if (wanted === 'off') return await turnOff(work)
  await driver.bootFromNetwork?.(parameters, signal)
  await driver.turnOn(parameters, signal)
  return await waitFor(work, 'on')
}

async function turnOff(work: PowerWork): Promise<SeenPower> {
  const { driver, parameters, soft, signal } = work
  if (soft) {
    const isAsked = await driver.turnOff(parameters, { soft: true }, signal).then(
      () => true,
      (error: unknown) => {
        // A BMC that cannot ask the system is told what it can do.
        if (error instanceof PowerFailure && error.code === 'refused') return false
        throw error
      },
    )
    if (isAsked && (await look(work, 'off', SOFT_LOOKS_MAX)) === 'off') return 'off'
  }
  await driver.turnOff(parameters, { soft: false }, signal)
  return await waitFor(work, 'off')
}

async function waitFor(work: PowerWork, wanted: 'on' | 'off'): Promise<SeenPower> {
  const seen = await look(work, wanted, Number.POSITIVE_INFINITY)
  if (seen === wanted) return seen
  throw new PowerFailure('refused', `the BMC accepted it, but the machine is still ${seen}`)
}

async function look(
  { driver, parameters, signal, sleep }: PowerWork,
  wanted: 'on' | 'off',
  looksMax: number,
): Promise<SeenPower> {
  let seen: SeenPower = 'unknown'
  for (let looks = 0; looks < looksMax && !signal.aborted; looks += 1) {
    seen = await driver.query(parameters, signal)
    if (seen === wanted) return seen
    const wait = WAITS_MS[Math.min(looks, WAITS_MS.length - 1)] ?? WAITS_MS[0]
    await sleep(wait, signal).catch(() => {
      // The signal ended the wait; the loop sees it.
    })
  }
  return seen
}
