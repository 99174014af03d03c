// What is made of the drivers' four calls, against machines that obey, dawdle, lie and flip.
import t from 'tap'
import { carryOut } from '#rack/power/carry-out.ts'
import { PowerFailure, type PowerDriver, type SeenPower } from '#rack/power/driver.ts'

type Behaviour = {
  readonly first: SeenPower
  /** Looks after a wish until it is so; Infinity: never. */
  readonly looks?: number
  readonly ignoresSoft?: boolean
}

function bmc({ first, looks = 0, ignoresSoft = false }: Behaviour) {
  const calls: string[] = []
  let state: SeenPower = first
  let wish: { readonly state: SeenPower; left: number } | null = null
  const ask = (next: SeenPower): void => {
    wish = { state: next, left: looks }
  }
  const driver: PowerDriver = {
    query: async () => {
      calls.push('query')
      if (wish !== null) {
        if (wish.left <= 0) {
          state = wish.state
          wish = null
        } else wish.left -= 1
      }
      return await Promise.resolve(state)
    },
    bootFromNetwork: async () => {
      calls.push('pxe')
      await Promise.resolve()
    },
    turnOn: async () => {
      calls.push('on')
      ask('on')
      await Promise.resolve()
    },
    turnOff: async (_parameters, { soft }) => {
      calls.push(soft ? 'soft' : 'off')
      if (!(soft && ignoresSoft)) ask('off')
      await Promise.resolve()
    },
  }
  return { driver, calls }
}

function order(driver: PowerDriver, wanted: 'on' | 'off', soft = false, secondsMax = 60) {
  const ended = new AbortController()
  const sleeps: number[] = []
  let slept = 0
  const sleep = async (ms: number): Promise<void> => {
    sleeps.push(ms)
    slept += ms
    if (slept >= secondsMax * 1_000) ended.abort()
    await Promise.resolve()
  }
  const work = { driver, parameters: {}, wanted, soft, signal: ended.signal, sleep }
  return { sleeps, done: carryOut(work) }
}

const CASES: readonly {
  name: string
  bmc: Behaviour
  wanted: 'on' | 'off'
  soft?: boolean
  calls: string
}[] = [
  { name: 'on, from off', bmc: { first: 'off' }, wanted: 'on', calls: 'query pxe on query' },
  { name: 'on, and it is', bmc: { first: 'on' }, wanted: 'on', calls: 'query' },
  { name: 'off, and it is', bmc: { first: 'off' }, wanted: 'off', calls: 'query' },
  { name: 'off, from on', bmc: { first: 'on' }, wanted: 'off', calls: 'query off query' },
  {
    name: 'off, from something between',
    bmc: { first: 'unknown' },
    wanted: 'off',
    calls: 'query off query',
  },
  {
    name: 'a slow machine is waited for, and told once',
    bmc: { first: 'off', looks: 3 },
    wanted: 'on',
    calls: 'query pxe on query query query query',
  },
  {
    name: 'softly off',
    bmc: { first: 'on', looks: 2 },
    wanted: 'off',
    soft: true,
    calls: 'query soft query query query',
  },
  {
    name: 'softly off, and it does not listen',
    bmc: { first: 'on', ignoresSoft: true },
    wanted: 'off',
    soft: true,
    calls: 'query soft query query query query query off query',
  },
]
for (const { name, wanted, soft, calls, ...rest } of CASES) {
  t.test(name, async (t) => {
    const fake = bmc(rest.bmc)
    t.equal(await order(fake.driver, wanted, soft).done, wanted)
    t.equal(fake.calls.join(' '), calls)
  })
}

t.test('a BMC that accepts and does nothing ends by the clock', async (t) => {
  const { driver, calls } = bmc({ first: 'off', looks: Number.POSITIVE_INFINITY })
  const { done, sleeps } = order(driver, 'on', false, 45)
  const expected = { code: 'refused', message: 'the BMC accepted it, but the machine is still off' }
  await t.rejects(done, expected)
  t.same(sleeps, [1_000, 2_000, 2_000, 4_000, 6_000, 8_000, 8_000, 8_000, 8_000])
  t.equal(calls.filter((call) => call === 'on').length, 1)
})

t.test('a failure of the driver ends it', async (t) => {
  const { driver } = bmc({ first: 'off' })
  const turnOn = async (): Promise<void> => {
    await Promise.resolve()
    throw new PowerFailure('refused', 'no')
  }
  await t.rejects(order({ ...driver, turnOn }, 'on').done, { code: 'refused' })
})

t.test('a BMC that cannot ask the system softly is told to switch off', async (t) => {
  const { driver, calls } = bmc({ first: 'on' })
  const turnOff: PowerDriver['turnOff'] = async (parameters, how, signal) => {
    if (how.soft) throw new PowerFailure('refused', 'no')
    await driver.turnOff(parameters, how, signal)
  }
  t.equal(await order({ ...driver, turnOff }, 'off', true).done, 'off')
  t.equal(calls.join(' '), 'query off query')
  const away: PowerDriver['turnOff'] = async () => {
    await Promise.resolve()
    throw new PowerFailure('unreachable', 'no')
  }
  await t.rejects(order({ ...bmc({ first: 'on' }).driver, turnOff: away }, 'off', true).done, {
    code: 'unreachable',
  })
})
