// simple-peer wraps what arrives in a Buffer, which is a Uint8Array with more to it.
exports.Buffer = { from: bytes => new Uint8Array(bytes) }
