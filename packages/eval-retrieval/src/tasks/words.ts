import { permutation, type RandomStream } from '@skipwise/core'

const ADJECTIVES =
  `able amber ample arctic autumn azure basic bitter blank bold brave brief bright brisk broad bronze calm careful cheerful civil clean clever
cloudy coarse cold compact coral cosy crimson crisp curious daily damp daring dark dear deep dense distant dry dusty eager early earnest easy elegant empty
even faint fair famous fancy fast feeble final fine firm flat fond formal fresh frosty gentle giant glad golden grand grassy green happy hardy hazy hidden
hollow honest humble icy idle jolly keen kind large late lively lonely loud loyal lucky major mellow merry mild misty modern narrow neat noble northern
novel oaken odd olive orange pale patient plain polite proud pure purple quick quiet rapid rare ready rich ripe rosy rough round royal rustic sandy scarlet
secret serious shady sharp shy silent silver simple sleek slim slow smooth sober soft solid southern spare steady steep stony strict subtle sunny sweet
swift tall tame tender thin tidy tiny tranquil urban useful vast violet warm weary western wide wild windy wise wooden young zesty`.split(
    /\s+/
  )

const NOUNS =
  `acorn alley anchor anvil apron arch arrow atlas badge bagel banjo barge barn basin basket beacon bell bench berry bicycle blanket boat bonnet
bottle boulder bridge broom bucket button cabin candle canoe canvas canyon carpet castle cellar chalk chapel chimney circus clock cloud coast collar comet
compass copper cottage cradle crane creek crystal curtain cushion daisy desert diary dinner dome donkey drum eagle easel elbow engine falcon feather ferry
fiddle field flute forest fountain fox garden garlic glacier glove goblet granite grove guitar hammer harbour harvest hat hawk hedge helmet heron hill
hinge honey horizon island ivory jacket jasmine jungle kettle key kitchen kite ladder lagoon lamp lantern lemon lever library linen lizard locket lodge
magnet mango maple marble market meadow mirror mitten monsoon mountain napkin needle nest oasis ocean orchard otter oven owl paddle palace panther parcel
pasture pebble pencil pepper piano pillow pine pirate planet plaza pocket pond poppy prairie quarry quilt rabbit raft raven ribbon river robin rocket
saddle sail salmon satchel scarf school shelter shovel signal sparrow spoon spring stable statue summit sundial table tailor teapot temple thistle thread
thunder ticket tower trail tulip tunnel turtle valley velvet village violin wagon walnut whale wheel willow window winter yarn zebra`.split(
    /\s+/
  )

const CONSONANTS = 'bdfgklmnprstvz'
const VOWELS = 'aeiou'
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

const pick = (from: ArrayLike<string>, random: RandomStream): string => from[random.integer(0, from.length - 1)]

/** `quiet-harbour`: one of some 34,000. */
export const compoundWord = (random: RandomStream): string => `${pick(ADJECTIVES, random)}-${pick(NOUNS, random)}`

/** `tavolume`: three or four syllables that mean nothing, one of some 25 million. */
const plainWord = (random: RandomStream): string =>
  Array.from({ length: random.integer(3, 4) }, () => pick(CONSONANTS, random) + pick(VOWELS, random)).join('')

/**
 * `count` different words for a list: English ones as far as they go, made-up ones after them; the first of more are
 * the same.
 */
export function listWords(count: number, random: RandomStream): string[] {
  const english = [...ADJECTIVES, ...NOUNS]
  const order = permutation(english.length, { seed: random.uint32(), stream: 'list-words' })
  const drawn = Array.from(order.subarray(0, count), i => english[i])
  return drawn.length === count ? drawn : [...drawn, ...distinct(count - drawn.length, random, plainWord)]
}

/** Six letters at random, as RULER codes its words. */
export const codedWord = (random: RandomStream): string =>
  Array.from({ length: 6 }, () => pick(LETTERS, random)).join('')

/** Five capital letters: the name of a variable. */
export const variableName = (random: RandomStream): string =>
  Array.from({ length: 5 }, () => pick(LETTERS, random))
    .join('')
    .toUpperCase()

/** Seven digits. */
export const magicNumber = (random: RandomStream): string => String(random.integer(1000000, 9999999))

/** A version 4 UUID. */
export function uuid(random: RandomStream): string {
  const hex = Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${'89ab'[Number.parseInt(hex[16], 16) & 3]}${hex.slice(17, 20)}-${hex.slice(20)}`
}

/** Draws that may fall on what is there already, one after the other, before a number tells the next one apart. */
const COLLISIONS = 16

/** `count` different ones; the first of more are the same. */
export function distinct(count: number, random: RandomStream, make: (random: RandomStream) => string): string[] {
  const made = new Set<string>()
  for (let collisions = 0; made.size < count;) {
    const drawn = make(random)
    const before = made.size
    made.add(collisions < COLLISIONS ? drawn : `${drawn}-${made.size}`)
    collisions = made.size > before ? 0 : collisions + 1
  }
  return [...made]
}
