// What the comments of an example promise, and whether what it printed keeps it.

const numbersIn = text =>
  text.replaceAll(/(?<=\d),(?=\d{3}(\D|$))/g, '').match(/(?<![\w.-])-?\d+(\.\d+)?(e[+-]?\d+)?…?/g) ?? []

/**
 * The numbers that the comments after (or on the line below) the console.log lines of an example promise, in their
 * order.
 */
export const promisedNumbers = text =>
  text.split('\n').flatMap((line, index, lines) => {
    if (!line.includes('console.log(')) return []
    const below = /^\s*\/\/ (.*)/.exec(lines[index + 1] ?? '')?.[1]
    const comment = /\/\/ (.*)$/.exec(line)?.[1] ?? below
    return comment === undefined ? [] : numbersIn(comment)
  })

/** Whether a printed number is the promised one; `0.048…` promises the first digits. */
const keeps = (promised, printed) =>
  promised.endsWith('…') ? printed.startsWith(promised.slice(0, -1)) : Number(promised) === Number(printed)

/**
 * @param {string} text the example
 * @param {string} output what it printed
 * @returns {string | undefined} the first promised number that was not printed, in its order
 */
export function brokenPromise(text, output) {
  const printed = numbersIn(output)
  let place = 0
  return promisedNumbers(text).find(promised => {
    const found = printed.findIndex((number, index) => index >= place && keeps(promised, number))
    place = found + 1
    return found < 0
  })
}
