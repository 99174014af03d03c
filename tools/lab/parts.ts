// What of a lab has a name and can be killed and started: its processes, and machines by their power button.
import { AppError } from '#model/errors.ts'
import type { Lab, LabMachine } from './plan.ts'
import { buttonOf } from './power-button.ts'
import { endProcess, type LabProcess, pidOf, processesOf } from './processes.ts'
import { runCommand } from './run-command.ts'

export type LabPart = {
  readonly name: string
  /** False: it did not run. */
  readonly kill: () => Promise<boolean>
  /** False: it runs already. */
  readonly start: () => Promise<boolean>
}

/** `rack-1,machine-2` → those parts, all of them known. Throws NOT_FOUND. */
export function partsOf(lab: Lab, names: string): readonly LabPart[] {
  const processes = processesOf(lab)
  return names.split(',').map((name) => {
    const found = processes.find((each) => each.name === name)
    return found === undefined ? ofMachine(lab, expectMachine(lab, name)) : ofProcess(found)
  })
}

export function expectMachine(lab: Lab, name: string): LabMachine {
  const found = lab.machines.find((each) => each.name === name)
  if (found !== undefined) return found
  const known = [...processesOf(lab), ...lab.machines].map((each) => each.name).join(', ')
  throw new AppError('NOT_FOUND', `There is no ${name} in the lab, but ${known}.`)
}

function ofProcess(found: LabProcess): LabPart {
  return {
    name: found.name,
    kill: () => endProcess(found, true),
    start: async () => {
      if ((await pidOf(found)) !== null) return false
      await found.start()
      return true
    },
  }
}

function ofMachine(lab: Lab, machine: LabMachine): LabPart {
  const press = (word: string) => runCommand(buttonOf(lab, machine), [word])
  const isOn = async (): Promise<boolean> => (await press('status')).stdout.trim() === 'on'
  const unless = async (as: boolean, word: string): Promise<boolean> => {
    if ((await isOn()) === as) return false
    await press(word)
    return true
  }
  return {
    name: machine.name,
    kill: () => unless(false, 'off'),
    start: () => unless(true, 'on'),
  }
}
