export { warnOfUnknownVariables } from './warn-of-unknown-variables.ts'
