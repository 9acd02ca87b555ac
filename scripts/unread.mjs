// Members of classes by which only tests and simulations look at a machine. What pages download goes without them.

import { resolve } from 'node:path'
import * as ast from 'typescript/unstable/ast'
import { parseSync, Visitor } from 'vite'

/** By class. The build fails where one of them is read in what ships, or is not there any more. */
export const UNREAD = {
  DialPacing: ['snapshot'],
  Heartbeat: ['rttMs', 'lastHeardAt'],
  Hyparview: ['component'],
  LinkMachine: ['snapshot'],
  MessageCache: ['bytes'],
  PeerLink: ['isProven'],
  Rejoiner: ['held'],
  RelayedLink: ['closed'],
  Seen: ['size'],
  SignalingSession: ['state'],
}

/** An unminified text without them. Blanks keep the columns that its map knows. `short` has what the bundler calls them. */
export function withoutUnread(text, short = {}) {
  const parts = []
  let from = 0
  const declared = new Map()
  const read = node => {
    const members = UNREAD[(node.id?.name ?? declared.get(node))?.replace(/^_/, '')] ?? []
    const names = members.map(member => short[member] ?? member)
    for (const { type, key, start, end } of node.body.body) {
      if (type !== 'MethodDefinition' || !names.includes(key.name)) continue
      parts.push(text.slice(from, start), text.slice(start, end).replace(/[^\n]/g, ' '))
      from = end
    }
  }
  new Visitor({
    VariableDeclarator: ({ id, init }) => void declared.set(init, id.name),
    ClassDeclaration: read,
    ClassExpression: read,
  }).visit(parseSync('bundle.js', text).program)
  return parts.join('') + text.slice(from)
}

/** That nobody else reads them, as the compiler's checker understands the sources. */
export function proveUnread({ root, project, modules }) {
  const { checker } = project
  const names = []
  const patterns = []
  const unread = new Map()
  const read = (node, of) => {
    if (ast.isClassLikeDeclaration(node))
      return node.forEachChild(one => read(one, node.name?.text))
    const name = node.name?.text
    if (UNREAD[of]?.includes(name)) return void unread.set(`${of}.${name}`, node.name)
    if (ast.isPropertyAccessExpression(node)) names.push(node.name)
    if (ast.isObjectBindingPattern(node)) patterns.push(node)
    node.forEachChild(one => read(one))
  }
  for (const path of modules) read(project.program.getSourceFile(resolve(root, path)))
  const keysOf = symbol => (symbol?.declarations ?? []).map(({ path, index }) => `${path} ${index}`)
  const said = new Set(checker.getSymbolAtLocation(names).flatMap(keysOf))
  for (const pattern of patterns) {
    const type = checker.getTypeAtLocation(pattern)
    for (const { name, propertyName } of pattern.elements)
      for (const one of type?.isUnionType() ? type.getTypes() : [type])
        if (one !== undefined)
          for (const key of keysOf(checker.getPropertyOfType(one, (propertyName ?? name).text)))
            said.add(key)
  }
  for (const [of, members] of Object.entries(UNREAD))
    for (const member of members) {
      const found = unread.get(`${of}.${member}`)
      const isSaid =
        found === undefined || keysOf(checker.getSymbolAtLocation(found)).some(key => said.has(key))
      if (isSaid)
        throw new Error(`scripts/unread.mjs: ${of}.${member} is read in what ships, or gone`)
    }
}
