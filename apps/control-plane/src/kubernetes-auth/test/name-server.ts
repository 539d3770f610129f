import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { isIP } from 'node:net'

type Entry = readonly string[] | 'silent' | 'servfail'

/** Addresses of any family, "silent" or a failure, or one of these for each family; names that are not listed do not exist. */
export type NameServerZone = Readonly<Record<string, Entry | { readonly 4: Entry; readonly 6: Entry }>>

export interface NameServer {
  /** `address:port` */
  server: string
  /** Names of all questions, in order. */
  asked: string[]
  /** Says of every silent name that was asked for that it does not exist. */
  speak: () => void
  close: () => void
}

const types: Readonly<Record<number, 4 | 6>> = { 1: 4, 28: 6 }
const noError = 0
const serverFailure = 2
const nameError = 3

/** Speaks DNS over UDP (RFC 1035) on loopback. */
export async function startNameServer(zone: NameServerZone): Promise<NameServer> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  const silent: [query: Buffer, from: RemoteInfo][] = []
  socket.on('message', (query, from) => {
    const { name, type } = readQuestion(query)
    asked.push(name)
    const entry = entryOf(zone[name], types[type])
    if (entry === 'silent') silent.push([query, from])
    else socket.send(reply(query, entry ?? [], type, rcodeOf(entry)), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    server: `127.0.0.1:${socket.address().port}`,
    asked,
    speak() {
      for (const [query, { port, address }] of silent.splice(0)) {
        socket.send(reply(query, [], 0, nameError), port, address)
      }
    },
    close: () => socket.close(),
  }
}

function entryOf(entry: NameServerZone[string] | undefined, family: 4 | 6 | undefined): Entry | undefined {
  if (typeof entry !== 'object' || 'length' in entry) return entry
  return family === undefined ? [] : entry[family]
}

function rcodeOf(entry: Entry | undefined): number {
  if (entry === undefined) return nameError
  return entry === 'servfail' ? serverFailure : noError
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function reply(query: Buffer, entry: readonly string[] | string, type: number, rcode: number): Buffer {
  const addresses = typeof entry === 'string' ? [] : entry.filter((each) => isIP(each) === types[type])
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // A response, recursion desired and available; one question.
  header.writeUInt16BE(0x8180 | rcode, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  return Buffer.concat([
    header,
    query.subarray(12, readQuestion(query).end),
    ...addresses.map((address) => addressRecord(address, type)),
  ])
}

function addressRecord(address: string, type: number): Buffer {
  const value = bytesOf(address)
  const head = Buffer.alloc(12)
  // The question's name.
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(value.length, 10)
  return Buffer.concat([head, value])
}

/** IPv6 with "::" at most in front of its last group. */
function bytesOf(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [front = '', last = ''] = address.split('::')
  const groups = front.split(':')
  const all = [...groups, ...Array.from({ length: 7 - groups.length }, () => '0'), last]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
