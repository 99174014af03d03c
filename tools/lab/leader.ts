// Which region of a lab leads, as the regions say themselves.
import { readCluster } from '../cluster-directory.ts'
import { askRegion, newest } from '../commands/region-status.ts'
import { type Lab, type LabRegion, regionDirectory } from './plan.ts'

/** Undefined: no region that answers knows, or the one that leads does not answer. */
export async function leaderOf(lab: Lab): Promise<LabRegion | undefined> {
  const cluster = await readCluster(regionDirectory(lab)).catch(() => null)
  const apiKey = cluster?.admin?.apiKey ?? null
  const answers = await Promise.all(lab.regions.map(({ url }) => askRegion(url, apiKey)))
  const leader = newest(answers.filter((answer) => answer !== null))?.leader ?? null
  if (leader === null) return undefined
  return lab.regions.find((_, at) => answers[at]?.node_id === leader)
}
