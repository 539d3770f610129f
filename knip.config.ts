import type { KnipConfig } from 'knip'

const config: KnipConfig = { workspaces: {} }
export default config
