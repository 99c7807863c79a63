import type { PasskeyFormat } from './format.js'
import { landmark } from './landmark.js'
import { longlora } from './longlora.js'
import { longrope } from './longrope.js'
import { poseRepo } from './pose-repo.js'
import { yarn } from './yarn.js'

/** How published scripts ask for a pass key. */
export const passkeyFormats: readonly PasskeyFormat[] = [poseRepo, landmark, yarn, longlora, longrope]
