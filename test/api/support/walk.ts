// Every action of API 2.0 that is served, as something to ask.
import { allResources } from '#api/resources.ts'

export function makeCatalogueWalk() {
  return allResources('0').flatMap(({ path, actions }) =>
    actions.map(({ method, op, access }) => {
      const call = `${path.replaceAll(/\{\w+\}/g, '1')}${op === null ? '' : `?op=${op}`}`
      return { call, method, access }
    }),
  )
}
