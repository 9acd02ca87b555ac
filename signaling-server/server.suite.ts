import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import { topicIdFromBytes } from '../src/core/ids.js'
import { Client } from './client.suite.js'
import type { SignalingServerOptions } from './options.js'
import { createSignalingServer, type SignalingServer } from './server.js'

export const topic = topicIdFromBytes(new Uint8Array(32).fill(1))
export const other = topicIdFromBytes(new Uint8Array(32).fill(2))
/** Called after each test, the last first. */
export const closers: (() => Promise<unknown> | unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Running {
  signaling: SignalingServer
  port: number
  url: string
  logged: string[]
}

export async function run(options: SignalingServerOptions = {}): Promise<Running> {
  const logged: string[] = []
  const signaling = createSignalingServer({ log: line => logged.push(line), ...options })
  closers.push(() => signaling.close())
  if (!signaling.server.listening) {
    await new Promise<void>(resolve => signaling.server.listen(0, '127.0.0.1', resolve))
  }
  const { port } = signaling.server.address() as AddressInfo
  return { signaling, port, url: `ws://127.0.0.1:${port}/signaling`, logged }
}

export function get(port: number, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    request({ port, path, host: '127.0.0.1', agent: false }, response => {
      let body = ''
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode!, body }))
    })
      .on('error', reject)
      .end()
  })
}

/** The HTTP status with which an upgrade was refused. */
export function refusal(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const client = new Client(url)
    client.ws.on('open', () => reject(new Error('not refused')))
    client.ws.on('unexpected-response', (_, response) => {
      resolve(response.statusCode!)
      client.ws.terminate()
    })
  })
}
