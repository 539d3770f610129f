import { expect, test } from 'vitest'
import { warnOfUnknownVariables } from './warn-of-unknown-variables.ts'

test('names what no setting is called, the nearest one, and no value', () => {
  const environment = {
    POSTERN_TRUSTED_PROXY: 'canary',
    POSTERN_COLOUR: 'red',
    POSTERN_URL: 'x',
    POSTGRES_URL: 'x',
  }
  expect(warnOfUnknownVariables(environment, ['POSTERN_URL', 'POSTERN_TRUSTED_PROXIES'])).toEqual([
    'POSTERN_TRUSTED_PROXY is set, and no setting has this name; did you mean POSTERN_TRUSTED_PROXIES?',
    'POSTERN_COLOUR is set, and no setting has this name',
  ])
})

test('says nothing of what Kubernetes sets for a Service', () => {
  const environment = {
    POSTERN_SERVICE_HOST: '10.96.0.1',
    POSTERN_SERVICE_PORT_HTTP: '80',
    POSTERN_PORT: 'tcp://10.96.0.1:80',
    POSTERN_PORT_80_TCP_ADDR: '10.96.0.1',
  }
  expect(warnOfUnknownVariables(environment, [])).toEqual([])
})
