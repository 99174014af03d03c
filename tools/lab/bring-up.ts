// Makes a lab, step by step; what was made is taken down again when a step fails or the user stops it.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#model/errors.ts'
import { Client } from '../client.ts'
import { type ClusterFile, expectCluster, madeBy } from '../cluster-directory.ts'
import { Arguments, type Io } from '../command-line.ts'
import { runImport } from '../commands/boot-resources.ts'
import { buildEnlistImage } from '../images/build.ts'
import { expectNoProfile, saveProfile } from '../profiles.ts'
import { claimDirectory, expectNoLab, saveLab } from './lab-file.ts'
import { expectNeeds } from './needs.ts'
import { makeNetwork, namespacesOf } from './network.ts'
import { existingNamespaces } from './namespaces.ts'
import { expectFreeDoor } from './open-door.ts'
import { type Lab, type LabWishes, planLab, REGION_ADDRESS, regionDirectory } from './plan.ts'
import { makeMachine } from './power-button.ts'
import { type LabProcess, processesOf } from './processes.ts'
import { runCommand } from './run-command.ts'
import { serveMachines } from './site.ts'
import { takeDown } from './take-down.ts'

const MAIN = join(import.meta.dirname, '..', 'main.ts')

type Making = {
  readonly io: Io
  readonly stopped: AbortSignal
  /** Directories of built images; none: the enlistment agent is built. */
  readonly images: readonly string[]
}

/** Nothing is left when it throws. */
export async function bringUp(wishes: LabWishes, making: Making): Promise<Lab> {
  const { io } = making
  const lab = planLab(wishes)
  await expectNoLab(lab.directory)
  await expectNeeds(wishes, making.images.length === 0)
  await expectFreeDoor(lab)
  await expectNoProfile(io.env, lab.profile)
  await claimDirectory(lab)
  try {
    await expectNoNamespaces(lab)
    await make(lab, making)
    const ready: Lab = { ...lab, ready: true }
    await saveLab(ready)
    return ready
  } catch (error) {
    io.error('Taking down what was made.')
    await takeDown(lab, io.env)
    // What failed then failed because it was stopped.
    if (making.stopped.aborted) throw new AppError('SHUTTING_DOWN', 'Stopped; nothing is left.')
    throw error
  }
}

/** Of a lab whose directory somebody deleted. */
async function expectNoNamespaces(lab: Lab): Promise<void> {
  const found = await existingNamespaces(namespacesOf(lab))
  if (found.length === 0) return
  // Its processes are found by their namespaces: taking down clears them too.
  await takeDown({ ...lab, ready: false }, {}, { keepsFiles: true })
}

async function make(lab: Lab, { io, stopped, images }: Making): Promise<void> {
  const step = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    if (stopped.aborted) throw new AppError('SHUTTING_DOWN', 'Stopped.')
    io.error(what)
    return await work()
  }
  const { regions, racks, machines } = lab
  const processes = processesOf(lab)
  const of = (kind: LabProcess['kind']) => processes.filter((each) => each.kind === kind)
  await step(`Cabling ${racks.length} racks and ${machines.length} machines.`, () =>
    makeNetwork(lab),
  )
  const cluster = await step(`Starting ${regions.length} regions.`, () => bootstrap(lab, stopped))
  await startAll(of('door'))
  const { apiKey } = madeBy(cluster).admin
  const urls = regions.map(({ url }) => url)
  const profile = { urls, apiKey }
  await saveProfile(io.env, lab.profile, profile)
  const client = new Client(profile)
  await step('Starting racks and BMCs.', async () => {
    await startAll(of('rack'))
    for (const machine of machines) await makeMachine(lab, machine)
    await startAll(of('bmc'))
  })
  for (const directory of await step('Finding images for machines.', () =>
    imagesOf(lab, images, io),
  )) {
    const args = new Arguments({ profile: lab.profile }, [directory], {})
    await runImport(args, { ...io, out: io.error })
  }
  await step('Turning DHCP on.', () => serveMachines(lab, client, stopped))
  if (stopped.aborted) throw new AppError('SHUTTING_DOWN', 'Stopped.')
}

async function bootstrap(lab: Lab, stopped: AbortSignal): Promise<ClusterFile> {
  const directory = regionDirectory(lab)
  const words = [
    ...[process.execPath, '--disable-warning=ExperimentalWarning', MAIN, 'region', 'bootstrap'],
    ...['--nodes', String(lab.regions.length), '--host', REGION_ADDRESS, '--dir', directory],
    ...['--detach', '--json'],
  ]
  await runCommand('ip', ['netns', 'exec', lab.regionNamespace, ...words], stopped)
  return await expectCluster(directory)
}

async function startAll(processes: readonly LabProcess[]): Promise<void> {
  for (const each of processes) await each.start()
}

async function imagesOf(lab: Lab, images: readonly string[], io: Io): Promise<readonly string[]> {
  if (images.length > 0) return images
  const out = join(lab.directory, 'enlist')
  await mkdir(out, { recursive: true })
  await buildEnlistImage({ out, kernel: 'cloud', say: io.error })
  return [out]
}
