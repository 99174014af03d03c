// User data of a machine that installs, at `/MAAS/metadata/curtin/…/user-data`: our installer for this machine, which ends
// as Failed deployment where it cannot work.
import { notFound } from '../errors.ts'
import { renderInstallScript } from '../installer/install-script.ts'
import { gatherInstall } from './gather-install.ts'
import { proposeFor, type MachineCall } from './machine-call.ts'

/** POSIX sh. Throws NOT_FOUND where there is nothing to install, after the machine has failed for it. */
export async function installUserData(call: MachineCall): Promise<string> {
  const { state, machine, origins, token } = call
  const { consumerKey, tokenKey, tokenSecret } = token
  const keys = { consumerKey, tokenKey, tokenSecret }
  const gathered = gatherInstall(state, machine, { origins, keys })
  if (!('problem' in gathered)) return renderInstallScript(gathered)
  const { systemId } = machine
  const { problem: error } = gathered
  await proposeFor(call, { type: 'machine.signal', systemId, status: 'FAILED', error, tokenKey })
  throw notFound('installer')
}
