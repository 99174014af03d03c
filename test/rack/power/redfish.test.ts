// The Redfish driver against the lab's virtual BMC, a quirk at a time.
import t, { type Test } from 'tap'
import { redfishDriver } from '#rack/power/redfish.ts'
import { askBmc } from '#rack/power/bmc-http.ts'
import { PowerFailure } from '#rack/power/driver.ts'
import type { BootDevice } from '#tools/lab/redfish/machine-port.ts'
import { NO_QUIRKS, type Quirks } from '#tools/lab/redfish/quirks.ts'
import { serveRedfish } from '#tools/lab/redfish/server.ts'
import { RedfishService } from '#tools/lab/redfish/service.ts'

const USER = 'maas'
const PASSWORD = 'bmc secret'

class Machine {
  on = false
  booted: BootDevice[] = []
  isOn = (): boolean => this.on
  turnOn = (device: BootDevice): void => {
    this.on = true
    this.booted.push(device)
  }
  turnOff = (): void => {
    this.on = false
  }
}

async function bmc(t: Test, quirks: Partial<Quirks> = {}, more: Record<string, string> = {}) {
  const machine = new Machine()
  const all = { ...NO_QUIRKS, ...quirks }
  const service = new RedfishService({ machine, user: USER, password: PASSWORD, quirks: all })
  const server = await serveRedfish(service)
  t.teardown(() => server.close())
  const sleeps: number[] = []
  const driver = redfishDriver({
    askBmc,
    sleep: async (ms) => {
      sleeps.push(ms)
      await Promise.resolve()
    },
  })
  const parameters = {
    ...{ power_address: server.url, power_user: USER, power_pass: PASSWORD },
    ...more,
  }
  const signal = AbortSignal.timeout(10_000)
  return { machine, service, server, sleeps, driver, parameters, signal }
}

async function failure(promise: Promise<unknown>): Promise<PowerFailure> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  )
  if (error instanceof PowerFailure) return error
  throw error
}

t.test('turns a machine on from the network, off, and says how it is', async (t) => {
  const { machine, service, driver, parameters, signal } = await bmc(t)
  t.equal(await driver.query(parameters, signal), 'off')
  await driver.bootFromNetwork?.(parameters, signal)
  await driver.turnOn(parameters, signal)
  t.equal(await driver.query(parameters, signal), 'on')
  await driver.turnOff(parameters, { soft: true }, signal)
  t.equal(await driver.query(parameters, signal), 'off')
  await driver.turnOn(parameters, signal)
  t.same(machine.booted, ['pxe', 'none'], 'the override is for one boot')
  t.equal(service.sessions, 0, 'no session is left at the BMC')
})

const WORKING: readonly { name: string; quirks: Partial<Quirks>; more?: Record<string, string> }[] =
  [
    { name: 'without sessions', quirks: { noSessions: true } },
    { name: 'that insists on If-Match', quirks: { needsIfMatch: true } },
    { name: 'whose ETag changes by itself', quirks: { needsIfMatch: true, restlessTags: 2 } },
    { name: 'that answers with tasks', quirks: { taskLooks: 3 } },
    { name: 'that is busy at first', quirks: { busyTimes: 3 } },
    { name: 'that redirects to a slash', quirks: { redirectsToSlash: true } },
    { name: 'with one session', quirks: { sessionsMax: 1 } },
    {
      name: 'with several systems',
      quirks: { systems: ['Blade2', 'Blade3'] },
      more: { node_id: 'Blade2' },
    },
    { name: 'that only has ForceOn', quirks: { resetTypes: ['ForceOn', 'ForceOff'] } },
  ]
for (const { name, quirks, more } of WORKING) {
  t.test(`works with a BMC ${name}`, async (t) => {
    const { machine, driver, parameters, signal, service } = await bmc(t, quirks, more)
    await driver.bootFromNetwork?.(parameters, signal)
    await driver.turnOn(parameters, signal)
    t.same(machine.booted, ['pxe'])
    t.equal(await driver.query(parameters, signal), 'on')
    await driver.turnOff(parameters, { soft: false }, signal)
    t.equal(machine.on, false)
    t.equal(service.sessions, 0)
  })
}

t.test('between on and off is unknown', async (t) => {
  const { driver, parameters, signal } = await bmc(t, { slowReadings: 2 })
  await driver.turnOn(parameters, signal)
  // Turning on reads the system once, before the reset.
  t.equal(await driver.query(parameters, signal), 'unknown')
  t.equal(await driver.query(parameters, signal), 'unknown')
  t.equal(await driver.query(parameters, signal), 'on')
})

t.test('waits as long as a busy BMC asks for', async (t) => {
  const { driver, parameters, signal, sleeps } = await bmc(t, { busyTimes: 2 })
  await driver.query(parameters, signal)
  t.same(sleeps, [1_000, 1_000])
})

t.test('failures say what is wrong, and no secret', async (t) => {
  const cases = [
    { quirks: {}, more: { power_pass: 'wrong secret' }, code: 'credentials' },
    { quirks: { noSessions: true }, more: { power_pass: 'wrong secret' }, code: 'credentials' },
    { quirks: {}, more: { power_user: '' }, code: 'settings' },
    { quirks: {}, more: { power_address: 'http://user:secret@[::1]/' }, code: 'settings' },
    { quirks: { systems: ['a', 'b'] }, more: {}, code: 'settings' },
    { quirks: {}, more: { node_id: 'other' }, code: 'settings' },
    { quirks: { talksNonsense: true }, more: {}, code: 'nonsense' },
    { quirks: { resetTypes: ['Nmi'] }, more: {}, code: 'refused' },
    { quirks: { taskLooks: 1, taskEnds: 'Exception' as const }, more: {}, code: 'refused' },
    { quirks: { sessionsMax: 0 }, more: {}, code: 'refused' },
  ]
  for (const { quirks, more, code } of cases) {
    const { driver, parameters, signal, service } = await bmc(t, quirks, more)
    const failed = await failure(driver.turnOn(parameters, signal))
    t.equal(failed.code, code, failed.message)
    t.notMatch(failed.message, /secret/)
    t.equal(service.sessions, 0, 'no session is left')
  }
})

t.test('a BMC that is not there is unreachable', async (t) => {
  const { driver, parameters, signal, server } = await bmc(t)
  await server.close()
  t.equal((await failure(driver.query(parameters, signal))).code, 'unreachable')
})

t.test('the button is not pushed of a machine that is going off', async (t) => {
  const { machine, driver, parameters, signal } = await bmc(t, {
    ...{ resetTypes: ['On', 'ForceOff', 'PushPowerButton'], slowReadings: 1 },
  })
  await driver.turnOn(parameters, signal)
  t.equal(await driver.query(parameters, signal), 'unknown')
  await driver.turnOff(parameters, { soft: true }, signal)
  t.notOk(machine.on, 'pushed while it was on')
  await driver.turnOn(parameters, signal)
  const going = driver.turnOff(parameters, { soft: true }, signal)
  t.equal((await failure(going)).code, 'refused', 'it is between on and off')
  t.ok(machine.on)
})
