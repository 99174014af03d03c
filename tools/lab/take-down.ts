// Takes a lab down, however far it was made and whatever became of it since: of a host that was started anew only files
// are left. Machines first, then their BMCs, racks and regions; then whatever else is in the namespaces.
import { rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readCluster } from '../cluster-directory.ts'
import { forgetProfile } from '../profiles.ts'
import type { Io } from '../command-line.ts'
import { forgetLab } from './lab-file.ts'
import { existingNamespaces, namespacesOfLab, removeNamespace } from './namespaces.ts'
import { namespacesOf } from './network.ts'
import { type Lab, labIdOf, regionDirectory } from './plan.ts'
import { buttonOf } from './power-button.ts'
import { endProcess, processesOf } from './processes.ts'
import { runCommand } from './run-command.ts'

export async function takeDown(
  lab: Lab,
  env: Io['env'],
  { keepsFiles = false }: { readonly keepsFiles?: boolean } = {},
): Promise<void> {
  for (const machine of lab.machines) {
    // Without its button it was never made.
    await runCommand(buttonOf(lab, machine), ['off']).catch(() => {})
  }
  await Promise.all(processesOf(lab).map((each) => endProcess(each, false)))
  for (const namespace of await existingNamespaces(namespacesOf(lab))) {
    await removeNamespace(namespace)
  }
  if (keepsFiles) return
  await forgetProfileOf(lab, env)
  await removeFiles(lab)
}

/** Of a lab whose file is no more to be believed: what runs, and the networks. Its files are left to whoever damaged them. */
export async function takeDownNamespaces(directory: string): Promise<void> {
  for (const namespace of await namespacesOfLab(labIdOf(directory))) {
    await removeNamespace(namespace)
  }
}

/** Not one that was made under the same name for something else. */
async function forgetProfileOf(lab: Lab, env: Io['env']): Promise<void> {
  const cluster = await readCluster(regionDirectory(lab)).catch(() => null)
  const apiKey = cluster?.admin?.apiKey
  if (apiKey !== undefined) await forgetProfile(env, lab.profile, apiKey)
}

/** `lab.json` last: while it is there, taking down can be done again. */
async function removeFiles(lab: Lab): Promise<void> {
  const { directory, racks } = lab
  const made = ['region', 'machines', 'bmcs', 'run', 'enlist', ...racks.map(({ name }) => name)]
  for (const name of made) await rm(join(directory, name), { recursive: true, force: true })
  await forgetLab(lab)
  // Somebody else's files stay.
  await rmdir(directory).catch(() => {})
}
