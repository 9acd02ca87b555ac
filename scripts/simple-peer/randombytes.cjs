// simple-peer asks for random bytes to print them.
module.exports = count => {
  const bytes = crypto.getRandomValues(new Uint8Array(count))
  return { toString: () => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('') }
}
