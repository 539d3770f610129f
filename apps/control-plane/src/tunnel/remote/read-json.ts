import type { z } from 'zod'

/** @returns undefined for what is too long, no JSON, or of another shape; fields of later versions are left out */
export function readJson<Shape extends z.ZodType>(
  shape: Shape,
  message: Uint8Array,
  bytesMax: number,
): z.output<Shape> | undefined {
  if (message.byteLength > bytesMax) return undefined
  const { buffer, byteOffset, byteLength } = message
  const parsed = parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8'))
  return shape.safeParse(parsed).data
}

export function writeJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
