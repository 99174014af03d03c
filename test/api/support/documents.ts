// Both OpenAPI documents as a list of operations to ask: what a fuzzer or a walk knows is what any client can know.
import type { TestApi } from './api.ts'

export type Schema = {
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly Schema[]
  readonly $ref?: string
}

export type Operation = {
  readonly api: 'maas' | 'v1'
  readonly method: string
  /** With `{name}` parts. */
  readonly path: string
  readonly query: Readonly<Record<string, Schema>>
  /** Name of the component that a success is, or a list of; null: it is none. */
  readonly answer: { readonly kind: string; readonly isList: boolean } | null
  /** Null: it takes no body. */
  readonly body: { readonly types: readonly string[]; readonly schema: Schema } | null
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>
type Described = {
  readonly parameters: readonly {
    readonly name: string
    readonly in: string
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses?: Readonly<Record<string, { readonly content?: Content }>>
}
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
}

export const DOCUMENTS = {
  maas: '/MAAS/api/2.0/openapi.json',
  v1: '/api/v1/openapi.json',
} as const

export async function operationsOf(
  api: TestApi,
  which: keyof typeof DOCUMENTS,
): Promise<readonly Operation[]> {
  const { json } = await api.get(DOCUMENTS[which], { key: null })
  const { paths } = json as Document
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, described]) => operationOf(which, method, path, described)),
  )
}

function operationOf(
  api: Operation['api'],
  method: string,
  path: string,
  { parameters, requestBody, responses }: Described,
): Operation {
  const inQuery = parameters.filter((one) => one.in === 'query')
  const content = requestBody?.content
  return {
    ...{ api, method: method.toUpperCase(), path },
    answer: answerOf(responses?.['2XX']?.content?.['application/json']?.schema),
    query: Object.fromEntries(inQuery.map(({ name, schema }) => [name, schema])),
    body:
      content === undefined
        ? null
        : { types: Object.keys(content), schema: Object.values(content)[0]?.schema ?? {} },
  }
}

function answerOf(schema: Schema | undefined): Operation['answer'] {
  const ref = schema?.$ref ?? schema?.items?.$ref
  if (ref === undefined) return null
  return { kind: ref.split('/').at(-1) ?? '', isList: schema?.items !== undefined }
}
