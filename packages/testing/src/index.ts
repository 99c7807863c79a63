export { sharedFixture } from './fixtures.js'
