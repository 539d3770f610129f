import { describe, expect, it } from 'vitest'
import type { Experiment } from './experiment.ts'
import { chooseExperiments, runExperiment } from './run-experiment.ts'

const holding: Experiment = {
  name: 'P1',
  asked: 'it holds',
  run: (size) => Promise.resolve({ measured: { size }, ok: true }),
}
const throwing: Experiment = {
  name: 'P2',
  asked: 'it does not throw',
  run: () => Promise.reject(new Error('no gateway came')),
}
const silent = (): void => undefined

describe('an experiment', () => {
  it('gives the line with its figures', async () => {
    expect(await runExperiment(holding, 'quick', silent)).toEqual({
      chaos: 'P1',
      asked: 'it holds',
      measured: { size: 'quick' },
      ok: true,
    })
  })

  it('has not shown its property when it throws, and says why', async () => {
    const said: string[] = []
    expect(await runExperiment(throwing, 'full', (line) => said.push(line))).toEqual({
      chaos: 'P2',
      asked: 'it does not throw',
      measured: { error: 'no gateway came' },
      ok: false,
    })
    expect(said.join('\n')).toContain('no gateway came')
  })

  it('is found by its name in either case; names of none are told apart', () => {
    expect(chooseExperiments([holding, throwing], ['p2', 'P99', 'P1'])).toEqual({
      chosen: [throwing, holding],
      unknown: ['P99'],
    })
  })
})
