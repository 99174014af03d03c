// The three encodings that a body of the API may have (maas-api §3).

export const ENCODINGS = ['form', 'multipart', 'json'] as const
export type Encoding = (typeof ENCODINGS)[number]

type Fields = Readonly<Record<string, string>>
export type Body = { readonly type: string; readonly text: string }

export function encodeBody(encoding: Encoding, fields: Fields): Body {
  if (encoding === 'json') return { type: 'application/json', text: JSON.stringify(fields) }
  if (encoding === 'multipart') return multipart(Object.entries(fields))
  const text = new URLSearchParams(fields).toString()
  return { type: 'application/x-www-form-urlencoded', text }
}

const BOUNDARY = '===============8628965895483672256=='

/** As MAAS's own CLI writes it: base64 parts, a quoted boundary, no line end after the last one. */
function multipart(fields: readonly (readonly [string, string])[]): Body {
  const parts = fields.map(([name, value]) =>
    [
      `--${BOUNDARY}`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: form-data; name="${name}"`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset="utf-8"',
      '',
      Buffer.from(value)
        .toString('base64')
        .replaceAll(/(.{76})/g, '$1\r\n'),
      '',
      '',
    ].join('\r\n'),
  )
  return {
    type: `multipart/form-data; boundary="${BOUNDARY}"`,
    text: `${parts.join('')}--${BOUNDARY}--`,
  }
}
