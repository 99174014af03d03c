// What a booted machine proves itself with at the metadata service (maas-api §11): an OAuth token of its own, minted
// by the region when the machine asks for its preseed, good for the work under way and gone with it.
import type { SystemId } from './ids.ts'

/** Keyed by `systemId`; found by `tokenKey`. */
export type MachineToken = {
  readonly systemId: SystemId
  readonly consumerKey: string
  readonly tokenKey: string
  readonly tokenSecret: string
  /** `life.enteredAt` of the status it was made in; Deploying → Deployed keeps it. */
  readonly enteredAt: number
  /** From which the preseed was asked; what the machine says from elsewhere is believed only once it is Deployed. */
  readonly address: string
  readonly createdWall: number
}
