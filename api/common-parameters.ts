// What every operation of both APIs takes beside its own, as OpenAPI says it. `dispatch.ts` reads them.

export function header(name: string, description: string) {
  return { name, in: 'header', required: false, description, schema: { type: 'string' } }
}

export const CONSISTENCY = {
  ...{ name: 'consistency', in: 'query', required: false },
  description: 'linearizable (default), or stale: at once, and X-Staleness-Ms says how old.',
  schema: { type: 'string', enum: ['linearizable', 'stale'] },
}

export const IDEMPOTENCY_KEY = header(
  'Idempotency-Key',
  'Your name for the request: repeated within 24 hours, it is done once.',
)
