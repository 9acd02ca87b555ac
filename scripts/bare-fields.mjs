// Fields that only say their names, `peer;`, are left out where the constructor gives them a value at once: it makes them then.

import { parseSync, Visitor } from 'vite'

/**
 * An unminified text without them, but for the classes named in `kept`. So are those that are called by a word of `short`, which the
 * bundler writes short everywhere else: nobody means them. Blanks keep the columns that its map knows.
 */
export function withoutBareFields(text, { kept = [], short = {} } = {}) {
  const { program } = parseSync('bundle.js', text)
  const parts = []
  let from = 0
  const declared = new Map()
  const leave = ({ start, end }) => {
    parts.push(text.slice(from, start), text.slice(start, end).replace(/[^\n]/g, ' '))
    from = end
  }
  const read = node => {
    const name = (node.id?.name ?? declared.get(node))?.replace(/^_/, '')
    // What is above a class may have such a field too.
    const isPlain = node.superClass === null && !kept.includes(name)
    const given = givenBy(node.body.body.find(({ kind }) => kind === 'constructor'))
    for (const field of node.body.body) {
      if (!isBare(field)) continue
      const { name } = field.key
      if (Object.hasOwn(short, name) || (isPlain && given.has(name))) leave(field)
    }
  }
  new Visitor({
    VariableDeclarator: ({ id, init }) => void declared.set(init, id.name),
    ClassDeclaration: read,
    ClassExpression: read,
  }).visit(program)
  return parts.join('') + text.slice(from)
}

function isBare({ type, key, value, computed, static: isStatic }) {
  return (
    type === 'PropertyDefinition' &&
    key.type === 'Identifier' &&
    value === null &&
    !computed &&
    !isStatic
  )
}

/** Up to what might be its end. */
function givenBy(method) {
  const given = new Set()
  const read = ({ type, expressions, operator, left }) => {
    if (type === 'SequenceExpression') expressions.forEach(read)
    else if (
      type === 'AssignmentExpression' &&
      operator === '=' &&
      left.type === 'MemberExpression' &&
      left.object.type === 'ThisExpression' &&
      !left.computed
    )
      given.add(left.property.name)
  }
  for (const { type, expression } of method?.value.body.body ?? []) {
    if (type === 'ExpressionStatement') read(expression)
    else if (type !== 'VariableDeclaration') break
  }
  return given
}
