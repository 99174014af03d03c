// A virtual Redfish BMC in a process of its own: `node main.ts ADDRESS PORT BUTTON`, with the password in
// IRONRAFT_BMC_PASSWORD. BUTTON is the power button of the machine (`../power-button.ts`).
import { execFileSync } from 'node:child_process'
import { NO_QUIRKS } from './quirks.ts'
import { serveRedfish } from './server.ts'
import { RedfishService } from './service.ts'

const PRESS_MS = 20_000

const [address = '', port = '', button = ''] = process.argv.slice(2)
/** A machine that does not start stays off, which is what the BMC then says. */
function press(...words: readonly string[]): string {
  try {
    return execFileSync(button, words, { encoding: 'utf8', timeout: PRESS_MS }).trim()
  } catch (error) {
    console.error(String(error))
    return ''
  }
}
const machine = {
  isOn: () => press('status') === 'on',
  turnOn: (device: string) => void press('on', device),
  turnOff: () => void press('off'),
}
const quirks = { ...NO_QUIRKS, needsIfMatch: true, taskLooks: 2, slowReadings: 1 }
const password = process.env['IRONRAFT_BMC_PASSWORD'] ?? ''
const service = new RedfishService({ machine, user: 'maas', password, quirks })
await serveRedfish(service, address, Number(port))
