import { preset } from '@skipwise/config/tsup'

// bundled with the bounds of tools/patches/, which an installed hyparquet does not have; THIRD-PARTY.md has its licence
export default preset({ noExternal: ['hyparquet'] })
