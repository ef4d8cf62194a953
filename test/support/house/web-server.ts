// A program: an HTTP server on port 80 (or argv[2]) of every address of its namespace, v4 and v6, which says who reached whom.
import { createServer } from 'node:http'

const plain = (address: string | undefined): string => (address ?? '').replace(/^::ffff:/, '')

const server = createServer((request, response) => {
  const { localAddress, remoteAddress } = request.socket
  response.setHeader('content-type', 'text/plain')
  response.setHeader('connection', 'close')
  response.end(
    `${plain(remoteAddress)} reached ${plain(localAddress)} asking for ${request.headers.host ?? 'nothing'}\n`,
  )
})

server.listen(Number(process.argv[2] ?? 80), '::', () => console.log('serving'))
