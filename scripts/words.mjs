// Words that only Gossamer's own parts say to each other: names of properties and methods, and the tags of messages inside the
// worker. What pages download is built with short ones in their place (docs/decisions/0016-words-are-short-in-what-ships.md).
// The compiler's checker tells which words those are. A word stays as it is wherever there is doubt.

import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import * as ast from 'typescript/unstable/ast'
import { SignatureKind } from 'typescript/unstable/sync'
import { parseSync, Visitor } from 'vite'

/**
 * Short words by the words they stand for, for each of several parts of a build. `text` is the part as it is bundled, `foreign` names
 * the modules of others in it: what these say stays there. `wish` may have the spellings that would be best.
 */
export async function shortWords({ root, project, modules }, parts) {
  const words = new Map()
  const read = new Reading(project, root, words)
  for (const path of modules) read.module(path)
  const kept = read.border(modules.filter(isBorder))
  for (const word of await wordsOf(root, modules.filter(isWritten))) kept.add(word)
  return Promise.all(
    parts.map(async ({ text, foreign, wish = {} }) => {
      const others = await wordsOf(root, foreign)
      const isKept = word => kept.has(word) || others.has(word)
      return shortened(words, isKept, inOrder(text), wish)
    }),
  )
}

/** Strings of an unminified text by their short words. Blanks keep the columns that its map knows. */
export function shortenStrings(text, short) {
  return text.replace(/"([\w-]+)"/g, (all, word) =>
    Object.hasOwn(short, word) ? `"${short[word]}"`.padEnd(all.length) : all,
  )
}

/**
 * Without what a decoder says is wrong with bytes, which a worker counts and blames the peer for, and what a RangeError says, which is
 * thrown where a value of our own can't be written: its place says it, and pages check what they are given before. Nor with what a check
 * of valibot's would say is allowed: a text of the server's is read or is not.
 */
export function withoutReasons(text, short) {
  const cuts = []
  const without = ({ callee, arguments: [reason], arguments: { length }, end }) => {
    if (length === 1 && callee.end < end - 2) cuts.push([reason.start, reason.end])
  }
  new Visitor({
    CallExpression(node) {
      const [first, second] = node.arguments
      if (/TemplateLiteral|Literal/.test(first?.type) && node.callee.property?.name === short.fail)
        without(node)
      else if (node.callee.name === 'custom' && second) cuts.push([first.end, second.end])
    },
    NewExpression(node) {
      if (node.callee.name === 'RangeError') without(node)
    },
  }).visit(parseSync('bundle.js', text).program)
  const parts = []
  let from = 0
  for (const [start, end] of cuts.sort(([a], [b]) => a - b)) {
    parts.push(text.slice(from, start), text.slice(start, end).replace(/[^\n]/g, ' '))
    from = end
  }
  return parts.join('') + text.slice(from)
}

class Reading {
  #checker
  #project
  #root
  #words
  /** By declaration. */
  #own = new Map()

  constructor(project, root, words) {
    this.#checker = project.checker
    this.#project = project
    this.#root = root
    this.#words = words
  }

  module(path) {
    const file = this.#file(path)
    const accesses = []
    const read = node => {
      if (ast.isImportDeclaration(node) || ast.isExportDeclaration(node)) return
      if (ast.isTypeNode(node) && !ast.isExpressionWithTypeArguments(node)) return
      if (ast.isPropertyAccessExpression(node) && ast.isIdentifier(node.name)) accesses.push(node)
      else if (ast.isObjectLiteralExpression(node)) this.#literal(node)
      else if (ast.isObjectBindingPattern(node)) this.#pattern(node)
      else if (ast.isClassLikeDeclaration(node)) this.#class(node)
      else if (isText(node)) this.#text(node)
      else if (ast.isCallExpression(node)) this.#call(node)
      node.forEachChild(read)
    }
    read(file)
    const symbols = this.#checker.getSymbolAtLocation(accesses.map(({ name }) => name))
    for (const [i, { name }] of accesses.entries()) this.#use(name.text, symbols[i])
  }

  /** Words that leave: what the types of these modules say, and all that they name. */
  border(paths) {
    const words = new Set()
    const seen = new Set()
    const checker = this.#checker
    const visit = type => {
      if (type === undefined || seen.has(type.id)) return
      seen.add(type.id)
      if (type.isStringLiteralType()) words.add(type.value)
      if (type.isUnionType() || type.isIntersectionType()) type.getTypes().forEach(visit)
      type.getAliasTypeArguments().forEach(visit)
      if (type.isTypeParameter()) visit(checker.getConstraintOfTypeParameter(type))
      if (!type.isObjectType()) return
      if (type.isTypeReference()) checker.getTypeArguments(type).forEach(visit)
      const declared = type.getSymbol()?.declarations[0]
      if (declared !== undefined && !this.#isOwn(declared)) return
      // Of classes only those of the public surface leave.
      const isClass = declared?.kind === ast.SyntaxKind.ClassDeclaration
      if (isClass && !/\/src\/(gossip|topic|presence|bridge\/errors)\.ts$/.test(declared.path))
        return
      for (const property of checker.getPropertiesOfType(type)) {
        words.add(property.name)
        visit(checker.getTypeOfSymbol(property))
      }
      for (const kind of [SignatureKind.Call, SignatureKind.Construct]) {
        for (const signature of checker.getSignaturesOfType(type, kind)) {
          for (const one of signature.getParameters()) visit(checker.getTypeOfSymbol(one))
          visit(checker.getReturnTypeOfSignature(signature))
        }
      }
      for (const { type: value } of checker.getIndexInfosOfType(type)) visit(value)
    }
    for (const path of paths) {
      const file = this.#file(path)
      for (const exported of checker.getExportsOfModule(checker.getSymbolAtLocation(file))) {
        const isAlias = (exported.flags & ALIAS) !== 0
        const symbol = isAlias ? checker.getAliasedSymbol(exported) : exported
        visit(checker.getTypeOfSymbol(symbol))
        visit(checker.getDeclaredTypeOfSymbol(symbol))
      }
    }
    return words
  }

  #literal(node) {
    const expected = this.#checker.getContextualType(node)
    for (const { name, initializer } of node.properties) {
      if (name === undefined || !isName(name)) continue
      this.#ours(name.text)
      for (const symbol of this.#propertiesOf(expected, name.text)) {
        this.#use(name.text, symbol)
        // Whose message it is, whose tags they are.
        if (name.text === 'type' && !this.#isOurs(symbol)) this.#keepTexts(initializer)
      }
    }
  }

  #pattern(node) {
    const type = this.#checker.getTypeAtLocation(node)
    for (const element of node.elements) {
      if (element.dotDotDotToken !== undefined) continue
      const name = element.propertyName ?? element.name
      if (!isName(name)) continue
      const symbols = this.#propertiesOf(type, name.text)
      if (symbols.length === 0) this.#use(name.text, undefined)
      for (const symbol of symbols) this.#use(name.text, symbol)
    }
  }

  #class(node) {
    const above = (node.heritageClauses ?? [])
      .flatMap(({ types }) => [...types])
      .map(type => this.#checker.getTypeAtLocation(type))
    for (const { name } of node.members) {
      if (name === undefined || !isName(name)) continue
      this.#ours(name.text)
      for (const type of above)
        for (const symbol of this.#propertiesOf(type, name.text)) this.#use(name.text, symbol)
    }
  }

  /** What is read by its names says them to somebody. */
  #call({ expression, arguments: [given] }) {
    if (
      given === undefined ||
      !/^(Object\.(entries|keys)|JSON\.stringify)$/.test(textOf(expression))
    )
      return
    const type = this.#checker.getTypeAtLocation(given)
    const properties = type === undefined ? [] : this.#checker.getPropertiesOfType(type)
    for (const { name } of properties) this.#keep(name)
  }

  #text(node) {
    const { parent, text } = node
    // A text that quotes a word as the bundle quotes strings would be changed with it.
    for (const [, word] of text.matchAll(/"([\w-]+)"/g)) this.#keep(word)
    if (this.#isKey(node) || this.#isTag(node)) this.#word(text)
    else if (!ast.isLiteralTypeNode(parent)) this.#keep(text)
  }

  /** Of an object of ours. */
  #isKey(node) {
    const { parent } = node
    if (ast.isPropertyAssignment(parent)) return parent.name === node
    const object = ast.isElementAccessExpression(parent)
      ? parent.expression
      : ast.isBinaryExpression(parent) &&
        parent.operatorToken.kind === ast.SyntaxKind.InKeyword &&
        parent.right
    if (!object || object === node) return false
    const symbols = this.#propertiesOf(this.#checker.getTypeAtLocation(object), node.text)
    return symbols.length > 0 && symbols.every(symbol => this.#isOurs(symbol))
  }

  /** The `type` of a message: where it is made, and where it is compared. */
  #isTag(node) {
    let above = node.parent
    let one = node
    while (
      ast.isParenthesizedExpression(above) ||
      (ast.isConditionalExpression(above) && above.condition !== one)
    ) {
      one = above
      above = above.parent
    }
    if (ast.isPropertyAssignment(above))
      return above.initializer === one && above.name.text === 'type'
    const sides = ast.isBinaryExpression(above)
      ? [above.left, above.right]
      : ast.isCaseClause(above)
        ? [above.parent.parent.expression]
        : []
    return sides.some(side => isTypeOf(side) && this.#isOurType(side))
  }

  /** Of what is compared with a tag: whether it is a message of ours. */
  #isOurType(node) {
    if (ast.isPropertyAccessExpression(node)) {
      return this.#isOurs(this.#checker.getSymbolAtLocation(node.name))
    }
    const declared = this.#checker
      .getSymbolAtLocation(node)
      ?.declarations[0]?.resolve(this.#project)
    if (declared === undefined || !ast.isBindingElement(declared)) return false
    const type = this.#checker.getTypeAtLocation(declared.parent)
    const symbols = this.#propertiesOf(type, 'type')
    return symbols.length > 0 && symbols.every(symbol => this.#isOurs(symbol))
  }

  #keepTexts(node) {
    if (node === undefined) return
    if (isText(node)) this.#keep(node.text)
    node.forEachChild(one => this.#keepTexts(one))
  }

  #propertiesOf(type, name) {
    if (type === undefined) return []
    const types = type.isUnionType() ? type.getTypes() : [type]
    return types.flatMap(one => this.#checker.getPropertyOfType(one, name) ?? [])
  }

  #ours(name) {
    this.#word(name)
  }

  #use(name, symbol) {
    if (this.#isOurs(symbol)) this.#ours(name)
    else this.#keep(name)
  }

  #isOurs(symbol) {
    const declarations = symbol?.declarations ?? []
    return declarations.length > 0 && declarations.every(one => this.#isOwn(one))
  }

  /** Declared in our sources, and not of what others have: neither `declare` nor what something is taken for. */
  #isOwn(declaration) {
    const { path, index } = declaration
    if (!/\/src\/[^:]*(?<!\.d)\.ts$/.test(path) || path.includes('/node_modules/')) return false
    const key = `${index} ${path}`
    const known = this.#own.get(key)
    if (known !== undefined) return known
    let node = declaration.resolve(this.#project)
    let below
    const isOthers = one =>
      (ast.isAsExpression(one) && one.type === below) ||
      one.modifiers?.some(({ kind }) => kind === ast.SyntaxKind.DeclareKeyword)
    while (node !== undefined && !isOthers(node)) {
      below = node
      node = node.parent
    }
    this.#own.set(key, node === undefined)
    return node === undefined
  }

  #file(path) {
    return this.#project.program.getSourceFile(resolve(this.#root, path))
  }

  #keep(name) {
    this.#word(name).stays = true
  }

  #word(name) {
    const word = this.#words.get(name) ?? { stays: false }
    this.#words.set(name, word)
    return word
  }
}

/** The page's surface, and what page and worker say, which may be of two builds: `gossamer/node`, `gossamer/testing`. */
function isBorder(path) {
  return /^src\/(index|bridge\/.*)\.ts$/.test(path)
}

/** What is stored, what others than Gossamer read, and what an extra's file exports. */
function isWritten(path) {
  return /^src\/(signaling\/(messages|client-messages|simple-peer)|storage\/(records|op-records|migrations|seq-rows|seqs|database)|page\/(spawn-worker|own-extra|shipped-extra)|worker\/load-extra)\.ts$/.test(
    path,
  )
}

/** Names of properties and all words of strings. */
async function wordsOf(root, paths) {
  const words = new Set()
  const read = node => {
    if (typeof node !== 'object' || node === null) return
    const name = node.key ?? node.property
    if (name?.type === 'Identifier') words.add(name.name)
    const text = node.type === 'TemplateElement' ? node.value.raw : node.value
    if (typeof text === 'string') {
      for (const [word] of text.matchAll(/[\w$][\w$-]*/g)) words.add(word)
      for (const [word] of text.matchAll(/[\w$]+/g)) words.add(word)
    }
    Object.values(node).forEach(read)
  }
  for (const path of paths) {
    const { program } = parseSync(path, await readFile(resolve(root, path), 'utf8'))
    read(program)
  }
  return words
}

/** Names of properties and strings of a text as they come. */
function inOrder(text) {
  const said = []
  const note = node => {
    const name = node.key ?? node.property ?? node
    said.push([name.start, name.name ?? name.value])
  }
  new Visitor({
    Property: note,
    MethodDefinition: note,
    PropertyDefinition: note,
    MemberExpression: note,
    Literal: note,
  }).visit(parseSync('bundle.js', text).program)
  return said.sort(([a], [b]) => a - b).map(([, word]) => word)
}

/** What is said first comes first: words that stand together look alike, which gzip makes use of, and what is not said takes no letter. */
function shortened(words, isKept, said, wish) {
  const isFree = word =>
    words.get(word)?.stays === false && !isKept(word) && /^[\w-]{3,}$/.test(word)
  const free = [...new Set([...said, ...words.keys()])].filter(isFree)
  const taken = new Set()
  const isOpen = spelling => !taken.has(spelling) && !words.has(spelling) && !isKept(spelling)
  const wished = new Map()
  for (const word of free) {
    const spelling = wish[word] ?? ''
    if (!/^[a-zA-Z]{2}$/.test(spelling) || !isOpen(spelling)) continue
    taken.add(spelling)
    wished.set(word, spelling)
  }
  const next = spellings()
  const open = () => {
    let spelling
    do spelling = next.next().value
    while (!isOpen(spelling))
    return spelling
  }
  return Object.fromEntries(free.map(word => [word, wished.get(word) ?? open()]))
}

/** Of one letter are private names (private-names.mjs). */
function* spellings() {
  for (const first of LETTERS) for (const second of LETTERS) yield first + second
}

function textOf(node) {
  return ast.isPropertyAccessExpression(node)
    ? `${textOf(node.expression)}.${node.name.text}`
    : node.text
}

function isName(node) {
  return ast.isIdentifier(node) || ast.isStringLiteral(node)
}

function isText(node) {
  return (
    ast.isStringLiteral(node) ||
    ast.isNoSubstitutionTemplateLiteral(node) ||
    ast.isTemplateHead(node) ||
    ast.isTemplateMiddle(node) ||
    ast.isTemplateTail(node)
  )
}

function isTypeOf(node) {
  const name = ast.isPropertyAccessExpression(node) ? node.name : node
  return ast.isIdentifier(name) && name.text === 'type'
}

const ALIAS = 1 << 21
/** The commonest letters of minified text first. */
const LETTERS = [...'etnriaoscludfpmhgvybxwkqjzETNRIAOSCLUDFPMHGVYBXWKQJZ']
