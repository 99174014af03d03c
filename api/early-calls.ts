// Names that early MAAS 2.0 still had for the restful four: `op=list`, `op=new` and their like. Old clients send them;
// they are routed and, as in later versions of MAAS, not described. One of them is a GET that deletes (SSL keys): it is
// for those who sign their requests, not for HEAD and not for a browser's cookie, where a link would be enough to lose
// something.

const RESTFUL: ReadonlyMap<string, string> = new Map([
  ['GET:list', 'GET'],
  ['POST:new', 'POST'],
  ['POST:create', 'POST'],
  ['POST:add', 'POST'],
  ['POST:delete', 'DELETE'],
  ['GET:delete', 'DELETE'],
])

/** `METHOD` that `METHOD:op` is another name of; undefined for every other call. */
export function restfulOf(signature: string): string | undefined {
  return RESTFUL.get(signature)
}

/** Early names of what is served: of the calls MAAS has on the path, those whose restful one is there. */
export function earlyNamesOf(
  known: ReadonlySet<string>,
  served: ReadonlySet<string>,
): readonly string[] {
  return [...known].filter((call) => !served.has(call) && served.has(RESTFUL.get(call) ?? ''))
}
