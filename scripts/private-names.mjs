// Private members of a class become public ones of one letter: `this.#outputs` is `this.e` in what ships, a byte less at each of
// thousands of places. The letters are none that any property of the file is called by, so nothing but the class can mean them.

import { parseSync, Visitor } from 'vite'

/**
 * An unminified text with public members for private ones, but in the classes named in `kept`. `wishOf` may say by which letters those of
 * a class would best be called. Blanks keep the columns that its map knows.
 */
export function withoutPrivateNames(text, { kept = [], wishOf = () => ({}) } = {}) {
  const { program } = parseSync('bundle.js', text)
  const named = new Set()
  const classes = []
  /** In the order of the text. */
  const uses = []
  const open = []
  const leave = () => open.pop()
  const declared = new Map()
  const nameOf = node => (node.id?.name ?? declared.get(node))?.replace(/^_/, '')
  const enter = node => {
    const names = new Set(
      node.body.body.flatMap(({ key }) => (key?.type === 'PrivateIdentifier' ? key.name : [])),
    )
    // What is above a class may be the platform's or have letters of its own.
    const name = nameOf(node)
    const of = { name, names, isPlain: node.superClass === null && !kept.includes(name) }
    classes.push(of)
    open.push(of)
  }
  const note = ({ key, property, computed }) => {
    const name = key ?? property
    if (name?.type === 'Identifier' && !computed) named.add(name.name)
    if (name?.type === 'Literal') named.add(String(name.value))
  }
  new Visitor({
    VariableDeclarator: ({ id, init }) => void declared.set(init, id.name),
    ClassDeclaration: enter,
    ClassExpression: enter,
    'ClassDeclaration:exit': leave,
    'ClassExpression:exit': leave,
    Property: note,
    MethodDefinition: note,
    PropertyDefinition: note,
    MemberExpression: note,
    PrivateIdentifier(node) {
      const of = open.findLast(({ names }) => names.has(node.name))
      uses.push({ node, of })
    },
    BinaryExpression({ left }) {
      if (left.type === 'PrivateIdentifier')
        throw new Error(`#${left.name} in … has no public twin`)
    },
  }).visit(program)
  const letters = spellings(named)
  for (const of of classes) {
    const wish = of.isPlain && of.name ? (wishOf(of.name, [...of.names], letters) ?? {}) : {}
    of.short = shortened([...of.names], wish, letters)
  }
  const parts = []
  let from = 0
  for (const { node, of } of uses) {
    if (!of.isPlain) continue
    parts.push(text.slice(from, node.start), of.short.get(node.name).padEnd(node.end - node.start))
    from = node.end
  }
  return parts.join('') + text.slice(from)
}

function shortened(names, wish, letters) {
  const short = new Map()
  const taken = new Set()
  const take = (name, letter) => {
    short.set(name, letter)
    taken.add(letter)
  }
  for (const name of names) {
    const letter = wish[name]
    if (letter !== undefined && letters.includes(letter) && !taken.has(letter)) take(name, letter)
  }
  for (const name of names)
    if (!short.has(name))
      take(
        name,
        letters.find(letter => !taken.has(letter)),
      )
  return short
}

function spellings(taken) {
  const pairs = LETTERS.flatMap(first => LETTERS.map(second => first + second))
  return [...LETTERS, ...pairs].filter(name => !taken.has(name))
}

/** As minifiers name variables. */
const LETTERS = [...'etnriaoscludfpmhgvybxSCwTEDOkAjMNPFILRzBVHUWGKqJYXZQ']
