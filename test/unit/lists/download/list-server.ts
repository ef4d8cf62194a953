// A small web server on loopback that serves lists, for tests. The test says what it answers.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** Serves what `answer` says; `asked` has the requests. Use with `await using`. */
export async function listServer(answer: Answer) {
  const asked: IncomingMessage[] = []
  let now = answer
  const server = createServer((request, response) => {
    asked.push(request)
    now(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    asked,
    base: `http://127.0.0.1:${port}`,
    port,
    answers: (next: Answer): void => {
      now = next
    },
    [Symbol.asyncDispose]: (): Promise<void> =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Answers 200 with this body. */
export const body =
  (content: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_request, response) => {
    response.writeHead(200, headers)
    response.end(content)
  }

/** A server that knows entity tags. */
export const tagged =
  (content: string, tag: string): Answer =>
  (request, response) => {
    if (request.headers['if-none-match'] === tag) response.writeHead(304).end()
    else response.writeHead(200, { etag: tag, 'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }).end(content)
  }
