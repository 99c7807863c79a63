/** GPT-2's characters for the 256 bytes: printable bytes are themselves, the others follow from U+0100 on. */
export const characterOfByte: readonly string[] = (() => {
  const printable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++))
})()

const byteOfCharacter = new Map(characterOfByte.map((character, byte) => [character.charCodeAt(0), byte]))
const encoder = new TextEncoder()

/** The UTF-8 bytes of a text, each as a character. */
export function bytesAsCharacters(text: string): string {
  let characters = ''
  for (const byte of encoder.encode(text)) characters += characterOfByte[byte]
  return characters
}

/** The bytes of such characters; undefined when one of them is not a byte. */
export function bytesOfCharacters(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const byte = byteOfCharacter.get(text.charCodeAt(i))
    if (byte === undefined) return undefined
    bytes[i] = byte
  }
  return bytes
}
