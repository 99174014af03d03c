// User data of a machine that installs: at `/MAAS/metadata/curtin/…/user-data`.
import { notFound } from '../errors.ts'
import type { MachineCall } from './machine-call.ts'

/** The script that installs. Throws NOT_FOUND where there is none. */
export async function installUserData(_call: MachineCall): Promise<string> {
  throw notFound('installer')
}
