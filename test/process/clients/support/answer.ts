// One request and what came. Clients of MAAS follow no redirect of a POST, so none may come.
export type Answer = {
  readonly status: number
  readonly text: string
  readonly json: any // eslint-disable-line typescript/no-explicit-any -- what of it a client reads, its shapes check
  readonly headers: Headers
}

export async function answerOf(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, {
    ...{ ...init, redirect: 'manual', signal: AbortSignal.timeout(30_000) },
  })
  const text = await response.text()
  return { status: response.status, text, json: parsed(text), headers: response.headers }
}

/** Undefined when it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
