// Properties try other cases in each run. POSTERN_TEST_SEED makes them try the same ones: for CI, where a change must
// not fail by what another one has left to be found, and to see a failure again.
import fc from 'fast-check'

const seed = Number(process.env['POSTERN_TEST_SEED'])
if (Number.isSafeInteger(seed) && seed !== 0) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
