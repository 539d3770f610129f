import { parse } from 'node:querystring'

/** Some clients always send both of two parameters, one of them empty: an empty parameter is an absent one. */
export function parseQuery(query: string): Record<string, unknown> {
  const parameters: Record<string, unknown> = parse(query)
  for (const name of Object.keys(parameters)) if (parameters[name] === '') delete parameters[name]
  return parameters
}
