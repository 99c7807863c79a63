import { TemplateFault } from './template-fault.js'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December'
]

const two = (value: number): string => String(value).padStart(2, '0')
const dayOfYear = (at: Date): number =>
  Math.round(
    (Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) - Date.UTC(at.getFullYear(), 0, 1)) / 86_400_000
  ) + 1

const FIELDS: Readonly<Record<string, (at: Date) => string>> = {
  Y: at => String(at.getFullYear()),
  y: at => two(at.getFullYear() % 100),
  m: at => two(at.getMonth() + 1),
  d: at => two(at.getDate()),
  e: at => String(at.getDate()).padStart(2, ' '),
  B: at => MONTHS[at.getMonth()],
  b: at => MONTHS[at.getMonth()].slice(0, 3),
  h: at => MONTHS[at.getMonth()].slice(0, 3),
  A: at => DAYS[at.getDay()],
  a: at => DAYS[at.getDay()].slice(0, 3),
  w: at => String(at.getDay()),
  u: at => String(at.getDay() || 7),
  j: at => String(dayOfYear(at)).padStart(3, '0'),
  H: at => two(at.getHours()),
  I: at => two(at.getHours() % 12 || 12),
  M: at => two(at.getMinutes()),
  S: at => two(at.getSeconds()),
  p: at => (at.getHours() < 12 ? 'AM' : 'PM'),
  F: at => `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
  T: at => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
  R: at => `${two(at.getHours())}:${two(at.getMinutes())}`,
  D: at => `${two(at.getMonth() + 1)}/${two(at.getDate())}/${two(at.getFullYear() % 100)}`,
  Z: () => '',
  z: () => '',
  n: () => '\n',
  t: () => '\t',
  '%': () => '%'
}

/**
 * Local time as `datetime.strftime` of Python writes it in English. `%-d` and the like leave out the zero. @throws
 * TemplateFault for other directives
 */
export const strftime = (format: string, at: Date): string =>
  format.replace(/%(-?)([^])?/gu, (whole, minus: string, letter: string | undefined) => {
    if (letter === undefined || !Object.hasOwn(FIELDS, letter))
      throw new TemplateFault(`strftime_now does not know '${whole}' here`)
    const written = FIELDS[letter](at)
    return minus ? written.replace(/^[0 ](?=\d)/, '').replace(/^0(?=\d)/, '') : written
  })
