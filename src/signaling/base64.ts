// Bytes inside JSON. Plain ES has no base64 of its own, but every engine has these two, which know letters as bytes.
declare function btoa(letters: string): string
declare function atob(text: string): string

/** Base64 (RFC 4648, section 4) with padding. */
export function toBase64(bytes: Uint8Array): string {
  let letters = ''
  for (const byte of bytes) letters += String.fromCharCode(byte)
  return btoa(letters)
}

/** The bytes, or undefined where the text is not the one way to write them. */
export function fromBase64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0))
    // The platform overlooks blanks, missing padding and bits left over: then two texts would mean the same bytes.
    return toBase64(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}
