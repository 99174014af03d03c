// Is a TCP port free? Asked before anything is written, so that a busy port damages nothing.
import { createServer } from 'node:net'
import { AppError } from '#model/errors.ts'

/** Throws ADDRESS_IN_USE, or BAD_REQUEST when the address is not one of this host. */
export async function expectFree(host: string, port: number): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => reject(refusal(error, host, port)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()))
  })
}

function refusal(error: NodeJS.ErrnoException, host: string, port: number): AppError {
  const place = `${host}:${port}`
  if (error.code === 'EADDRINUSE') {
    return new AppError('ADDRESS_IN_USE', `Port ${place} is in use; nothing was changed.`, {
      cause: error,
    })
  }
  return new AppError('BAD_REQUEST', `Cannot listen on ${place}: ${error.code ?? error.message}.`, {
    cause: error,
  })
}
