// Asks a running program the way people and their devices do: over UDP from any loopback address, and by the command line.
import { createSocket } from 'node:dgram'
import { askfirstCommand } from './askfirst.ts'
import { start } from './house/running.ts'
import { type AskOptions, queryPacket, readPacket } from './packets.ts'

/** Asks over UDP; rejects after two seconds of silence. */
export async function ask(port: number, name: string, options: AskOptions = {}, from = '127.0.0.1'): Promise<Buffer> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind(0, from, resolve))
  return new Promise<Buffer>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no answer for ${name}`)), 2000)
    socket.on('message', (packet) => {
      clearTimeout(late)
      resolve(packet)
    })
    socket.send(queryPacket(name, { edns: 1232, ...options }), port, '127.0.0.1')
  }).finally(() => socket.close())
}

/** The data of the first record that comes back. */
export const address = async (port: number, name: string, from?: string): Promise<unknown> =>
  (readPacket(await ask(port, name, {}, from)).answers?.[0] as { data?: unknown } | undefined)?.data

/** Runs the program with these arguments to its end. */
export const cli = async (...args: string[]): Promise<{ code: number; text: string }> => {
  const program = start(...askfirstCommand(...args))
  const code = await program.ended
  return { code, text: program.lines.join('\n') }
}
