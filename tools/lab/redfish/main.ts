// A virtual Redfish BMC in a process of its own, for a network namespace: `node main.ts ADDRESS PORT LOG`. What
// the machine behind it is made to do is a line each in LOG: `boot pxe`, `on`, `off`.
import { appendFileSync } from 'node:fs'
import { NO_QUIRKS } from './quirks.ts'
import { serveRedfish } from './server.ts'
import { RedfishService } from './service.ts'

const [address = '', port = '', log = ''] = process.argv.slice(2)
let isOn = false
const say = (line: string): void => appendFileSync(log, `${line}\n`)
const machine = {
  isOn: () => isOn,
  turnOn: (device: string) => {
    isOn = true
    say(`boot ${device}`)
    say('on')
  },
  turnOff: () => {
    if (isOn) say('off')
    isOn = false
  },
}
const quirks = { ...NO_QUIRKS, needsIfMatch: true, taskLooks: 2, slowReadings: 1 }
const service = new RedfishService({ machine, user: 'maas', password: 'bmc-secret-14', quirks })
await serveRedfish(service, address, Number(port))
