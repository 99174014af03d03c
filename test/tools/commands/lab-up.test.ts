import t from 'tap'
import { parseArguments } from '#tools/command-line.ts'
import { wishesOf } from '#tools/commands/lab-up.ts'
import { LAB_COMMANDS } from '#tools/lab-commands.ts'

const [up] = LAB_COMMANDS
if (up === undefined) throw new Error('there is `lab up`')
const wishes = (...words: readonly string[]) => wishesOf(parseArguments(up, words), { cwd: '/srv' })

t.test('without options: three machines, two racks, three regions', async (t) => {
  t.match(wishes(), {
    ...{ machineCount: 3, rackCount: 2, regionCount: 3, memoryMib: 1_024, accelerator: 'tcg' },
    ...{ directory: '/srv/ironraft-lab', firmware: ['bios', 'uefi'], apiPort: 5_240 },
  })
  t.match(wishes().bmcPassword, /^[\da-f]{14}$/)
  t.not(wishes().bmcPassword, wishes().bmcPassword)
})

const refused: readonly (readonly [string, string])[] = [
  ['--machines', '17'],
  ['--racks', '9'],
  ['--racks', '0'],
  ['--regions', '2'],
  ['--firmware', 'coreboot'],
  ['--firmware', ','],
  ['--memory', '128'],
  ['--dir', "it's"],
  ['--dir', 'a,b'],
  ['--profile', 'a b'],
]
for (const words of refused) {
  t.test(`${words.join(' ')} is refused`, async (t) => {
    t.throws(() => wishes(...words), { message: new RegExp(`^${words[0]}`) })
  })
}
