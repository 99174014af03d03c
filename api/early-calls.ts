// Calls that early MAAS 2.0 had under other names: the restful four as `op=list`, `op=new` and their like, and the tags
// of a block device by GET. Old clients send them; they are routed and, as in later versions of MAAS, not described.
// Three of them are GETs that change something: they are for those who sign their requests, not for HEAD and not for a
// browser's cookie, where a link would be enough to lose something. Each of the three may be repeated without harm.

const LATER: ReadonlyMap<string, string> = new Map([
  ['GET:list', 'GET'],
  ['POST:new', 'POST'],
  ['POST:create', 'POST'],
  ['POST:add', 'POST'],
  ['POST:delete', 'DELETE'],
  ['GET:delete', 'DELETE'],
  ['GET:add_tag', 'POST:add_tag'],
  ['GET:remove_tag', 'POST:remove_tag'],
])

/** The call (`METHOD` or `METHOD:op`) that this `METHOD:op` is another name of; undefined for every other. */
export function laterNameOf(signature: string): string | undefined {
  return LATER.get(signature)
}

/** Early names of what is served: of the calls MAAS has on the path, those whose later name is there. */
export function earlyNamesOf(
  known: ReadonlySet<string>,
  served: ReadonlySet<string>,
): readonly string[] {
  return [...known].filter((call) => !served.has(call) && served.has(LATER.get(call) ?? ''))
}
