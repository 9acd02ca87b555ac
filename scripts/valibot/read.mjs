// What `src/signaling/messages.ts` asks of valibot, in a page's worker: it stops at the first issue. A schema is a function that gives
// what it read, or throws the issue. tests/lean-packages.test.ts holds it to what valibot says.

export const custom = (isRight, message) => (input, path) =>
  isRight(input) ? input : refuse({ type: 'custom', message, path })

export const transform = change => change

export const pipe =
  (...steps) =>
  (input, path) =>
    steps.reduce((value, step) => step(value, path), input)

/** In a pipe, behind what knows it for an array. */
export const array = item => (input, path) => input.map((one, key) => item(one, [...path, { key }]))

export const exactOptional = schema => Object.assign(schema.bind(), { isOptional: true })

export const strictObject = entries => (input, path) => {
  if (typeof input !== 'object' || input === null) refuse({ expected: 'Object', path })
  const output = {}
  for (const key in entries) {
    const here = [...path, { key }]
    if (key in input) output[key] = entries[key](input[key], here)
    else if (!entries[key].isOptional) refuse({ expected: `"${key}"`, path: here })
  }
  for (const key in input)
    if (!Object.hasOwn(entries, key)) refuse({ expected: 'never', path: [...path, { key }] })
  return output
}

export const safeParse = (schema, input) => {
  try {
    return { success: true, output: schema(input, []) }
  } catch (issue) {
    return { success: false, issues: [issue] }
  }
}

function refuse(issue) {
  throw issue
}
