// `explain` of a region: what racks and their DNS would answer, by their own functions (`api/v1/explainer.ts`).
import type { Explainer } from '#api/v1/explainer.ts'
import type { Clock } from '#model/ports.ts'
import { explainDhcp } from './explain-dhcp.ts'
import { explainName, NAME_TYPES } from './explain-name.ts'

export function makeExplainer(clock: Clock): Explainer {
  return {
    nameTypes: NAME_TYPES,
    name: (state, fqdn, type) => {
      const known = NAME_TYPES.find((one) => one === type)
      return known === undefined ? undefined : explainName(state, fqdn, known)
    },
    dhcp: (state, where, question) => explainDhcp(state, where, question, clock),
  }
}
