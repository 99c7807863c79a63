/** A type whose keys that may be undefined may be absent instead. */
export type WithoutUndefined<Value extends object> = {
  [Key in keyof Value as undefined extends Value[Key] ? never : Key]: Value[Key]
} & {
  [Key in keyof Value as undefined extends Value[Key] ? Key : never]?: Exclude<Value[Key], undefined>
}

/**
 * The same object without the keys that are undefined. Options may have such keys; results, records and what is written
 * to a file may not.
 *
 * @example
 * ```ts
 * console.log(withoutUndefined({ tokens: 512, depth: undefined })) // { tokens: 512 }
 * ```
 */
export const withoutUndefined = <Value extends object>(value: Value): WithoutUndefined<Value> =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as WithoutUndefined<Value>
