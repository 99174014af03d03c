// A client that is built from the description of the API, as MAAS's CLI and libmaas are: resources, what each can be asked,
// and where; nothing of paths or methods is its own.
import { authorization } from '#tools/client.ts'
import { answerOf, type Answer } from './answer.ts'
import { mimeMessage, type Pairs } from './python-client.ts'

export type Action = {
  readonly name: string
  readonly op: string | null
  readonly method: string
  readonly restful: boolean
  readonly doc: string
}
export type Handler = {
  readonly name: string
  readonly doc: string
  readonly path: string
  readonly params: readonly string[]
  readonly actions: readonly Action[]
}
export type Description = {
  readonly hash: string
  readonly resources: readonly {
    readonly name: string
    readonly anon: Handler | null
    readonly auth: Handler | null
  }[]
}

/** Which of the two: they differ in what they send when there is nothing to say, and in their names. */
type Flavour = 'cli' | 'libmaas'

export class DescribedClient {
  readonly #site: string
  readonly #key: string
  readonly #flavour: Flavour
  readonly #handlers = new Map<string, Handler>()

  /** `site`: scheme and host. */
  constructor(site: string, key: string, description: Description, flavour: Flavour) {
    this.#site = site
    this.#key = key
    this.#flavour = flavour
    for (const { name, auth, anon } of description.resources) {
      const handler = auth ?? anon
      if (handler === null) continue
      const own = flavour === 'cli' ? commandName(name) : handlerName(handler.name)
      this.#handlers.set(own, handler)
    }
  }

  get names(): readonly string[] {
    return [...this.#handlers.keys()]
  }

  /** `at`: what the path has placeholders for, in its order; it must be exactly that. */
  async call(
    handler: string,
    action: string,
    at: readonly (string | number)[] = [],
    data: Pairs = [],
  ): Promise<Answer> {
    const found = this.#handlers.get(handler)
    const act = found?.actions.find(({ name }) => this.#actionName(name) === action)
    if (found === undefined || act === undefined) throw new Error(`no ${handler} ${action}`)
    if (found.params.length !== at.length)
      throw new Error(`${handler} takes ${found.params.length}`)
    if (this.#flavour === 'cli' && data.length > 0 && !takesData(act.doc)) {
      throw new Error(`${handler} ${action}: unrecognized arguments`)
    }
    let path = found.path
    for (const [i, name] of found.params.entries()) path = path.replace(`{${name}}`, String(at[i]))
    const query: (readonly [string, string])[] = act.op === null ? [] : [['op', act.op]]
    const inQuery = act.method === 'GET' || (act.method === 'DELETE' && this.#flavour === 'cli')
    if (inQuery) query.push(...data)
    const hasBody = !inQuery && (data.length > 0 || this.#flavour === 'libmaas')
    const sent = hasBody ? mimeMessage(data) : undefined
    const search = new URLSearchParams(query.map((pair) => [...pair])).toString()
    return answerOf(`${this.#site}${path}${search === '' ? '' : `?${search}`}`, {
      method: act.method,
      headers: {
        authorization: authorization(this.#key),
        ...(sent === undefined ? {} : { 'content-type': sent.type, 'mime-version': '1.0' }),
      },
      ...(sent === undefined ? {} : { body: sent.body }),
    })
  }

  #actionName(name: string): string {
    return this.#flavour === 'cli' ? name.replaceAll('_', '-') : name
  }
}

/** The CLI offers `name=value` only for what has parameters behind the first paragraph of its help. */
export function takesData(doc: string): boolean {
  return doc
    .trim()
    .split(/\n{2,}/)
    .slice(1)
    .some((paragraph) => paragraph.includes(':param'))
}

/** `BootResourcesHandler` → `boot-resources` */
function commandName(name: string): string {
  const words = name.match(/(?:[A-Z]*[a-z0-9]+|[A-Z]+)(?=[^a-z0-9]|$)/g) ?? []
  return words
    .map((word) => word.toLowerCase())
    .filter((word) => word !== 'handler')
    .join('-')
}

/** `AnonMachinesHandler` → `Machines` */
function handlerName(name: string): string {
  const own = name.replace(/^Anon/, '').replace(/Handler$/, '')
  return own === 'Maas' ? 'MAAS' : own
}
