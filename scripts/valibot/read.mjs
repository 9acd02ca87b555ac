// What `src/signaling/messages.ts` asks of valibot, in a page's worker, which wants to know what was read or that it can't be. A schema is
// a function that gives what it read, or throws. tests/lean-packages.test.ts holds it to what valibot says.

export const custom = isRight => input => (isRight(input) ? input : refuse())

export const transform = change => change

export const pipe =
  (...steps) =>
  input =>
    steps.reduce((value, step) => step(value), input)

/** In a pipe, behind what knows it for an array. */
export const array = item => input => input.map(one => item(one))

export const exactOptional = schema => Object.assign(schema.bind(), { isOptional: true })

export const strictObject = entries => input => {
  if (typeof input !== 'object' || input === null) refuse()
  const output = {}
  for (const key in entries) {
    if (key in input) output[key] = entries[key](input[key])
    else if (!entries[key].isOptional) refuse()
  }
  for (const key in input) if (!Object.hasOwn(entries, key)) refuse()
  return output
}

export const safeParse = (schema, input) => {
  try {
    return { success: true, output: schema(input) }
  } catch {
    return { success: false }
  }
}

function refuse() {
  throw new TypeError()
}
