import { Command, CommanderError, Option } from 'commander'

import { everyVariable } from './config-variables.ts'

export type CommandLine =
  /** `flags` holds values by the name of the variable that the option stands for. */
  | { kind: 'start'; flags: Record<string, string> }
  /** Print and exit: with 0 for help, with 1 for a mistake. */
  | { kind: 'print'; text: string; exitCode: 0 | 1 }

/** @param args without the program's name */
export function readCommandLine(args: readonly string[]): CommandLine {
  let text = ''
  const collect = (part: string): void => {
    text += part
  }
  const command = new Command('postern')
    .description('The control plane: logs in Kubernetes workloads without giving them a secret.')
    .exitOverride()
    .configureOutput({ writeOut: collect, writeErr: collect })
    .allowExcessArguments(false)
    .addHelpText('after', `\n${describeVariables()}`)
  const options = everyVariable.flatMap(({ name, flag, placeholder }) =>
    flag === undefined ? [] : [{ name, option: new Option(`${flag} <${placeholder}>`, `same as ${name}`) }],
  )
  for (const { option } of options) command.addOption(option)
  try {
    command.parse([...args], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return { kind: 'print', text, exitCode: error.exitCode === 0 ? 0 : 1 }
  }
  const given = command.opts<Record<string, string>>()
  const flags: Record<string, string> = {}
  for (const { name, option } of options) {
    const value = given[option.attributeName()]
    if (value !== undefined) flags[name] = value
  }
  return { kind: 'start', flags }
}

function describeVariables(): string {
  const described = everyVariable.map(({ name, placeholder, description, defaultText, derivedDefault }) =>
    [
      `  ${name}=<${placeholder}>`,
      ...wrapped(description).map((line) => `      ${line}`),
      `      Default: ${derivedDefault ?? defaultText}.`,
    ].join('\n'),
  )
  return ['Environment variables (an option wins over its variable):', ...described].join('\n')
}

const lineCharactersMax = 90

function wrapped(text: string): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + word.length >= lineCharactersMax) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
