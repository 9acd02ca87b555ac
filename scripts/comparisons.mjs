// Comparisons in fewer bytes, where the compiler's checker knows that nothing else can come out
// (docs/decisions/0016-words-are-short-in-what-ships.md): `links === undefined` is `!links` where it would be an object.

import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import * as ast from 'typescript/unstable/ast'
import { SignatureKind, TypeFlags } from 'typescript/unstable/sync'

/** A plugin for esbuild. */
export function shortComparisons({ root, project, modules }) {
  const changes = new Map(
    modules.map(path => [
      path,
      changesIn(project.program.getSourceFile(resolve(root, path)), project.checker),
    ]),
  )
  return {
    name: 'short-comparisons',
    setup(build) {
      build.onLoad({ filter: /[/\\]src[/\\].*\.ts$/, namespace: 'file' }, async ({ path }) => {
        const of = changes.get(relative(root, path))
        if (of === undefined) return undefined
        return { contents: changed(await readFile(path, 'utf8'), of), loader: 'ts' }
      })
    },
  }
}

function changesIn(file, checker) {
  const compared = []
  const read = node => {
    if (ast.isBinaryExpression(node) && OPERATORS.has(node.operatorToken.kind)) compared.push(node)
    node.forEachChild(read)
  }
  read(file)
  const left = checker.getTypeAtLocation(compared.map(({ left }) => left))
  const right = checker.getTypeAtLocation(compared.map(({ right }) => right))
  const at = node => [node.getStart(file), node.getEnd()]
  return compared.flatMap((node, i) => {
    const isEqual = node.operatorToken.kind === ast.SyntaxKind.EqualsEqualsEqualsToken
    const isUnequal = node.operatorToken.kind === ast.SyntaxKind.ExclamationEqualsEqualsToken
    const kinds = kindsOf(left[i])
    const [from, to] = at(node)
    const [, end] = at(node.left)
    const truth = negated => {
      const before = negated ? '!(' : isCondition(node) ? '(' : '!!('
      return [
        { from, to: from, instead: before },
        { from: end, to, instead: ')' },
      ]
    }
    const operator = instead => {
      const [from, to] = at(node.operatorToken)
      return [{ from, to, instead }]
    }
    const isNothing = ast.isIdentifier(node.right) && node.right.text === 'undefined'
    const isZero = ast.isNumericLiteral(node.right) && node.right.text === '0'
    if ((isEqual || isUnequal) && isNothing) {
      if (holds(left[i], checker)) return truth(isEqual)
      if ((kinds & (TypeFlags.AnyOrUnknown | TypeFlags.Null | UNCERTAIN)) !== 0) return []
      const [a, b] = at(node.right)
      return [...operator(isEqual ? '==' : '!='), { from: a, to: b, instead: 'null' }]
    }
    if (isZero && kinds === TypeFlags.Number && isCount(node.left, checker)) {
      if (isEqual) return truth(true)
      return isCondition(node) ? truth(false) : []
    }
    if (!isEqual && !isUnequal) return []
    const isYes = node.right.kind === ast.SyntaxKind.TrueKeyword
    if (isYes && (kinds & ~(TypeFlags.BooleanLike | TypeFlags.Undefined)) === 0)
      return truth(isUnequal)
    const both = kinds | kindsOf(right[i])
    if (ALIKE.some(alike => (both & ~alike & ~TypeFlags.Undefined) === 0))
      return operator(isEqual ? '==' : '!=')
    return []
  })
}

function kindsOf(type) {
  if (type === undefined) return UNCERTAIN
  if (type.isUnionType()) return type.getTypes().reduce((kinds, one) => kinds | kindsOf(one), 0)
  if (!type.isIntersectionType()) return type.flags
  // A string with a brand is one.
  const plain = type.getTypes().find(({ flags }) => (flags & TypeFlags.Primitive) !== 0)
  return plain?.flags ?? TypeFlags.Object
}

/** All that there may be of it, but for `undefined`, is true. */
function holds(type, checker) {
  if (type === undefined) return false
  if (type.isUnionType()) return type.getTypes().every(one => holds(one, checker))
  if (type.isStringLiteralType() || type.isNumberLiteralType()) return Boolean(type.value)
  if ((type.flags & (TypeFlags.NonPrimitive | TypeFlags.Undefined)) !== 0) return true
  // Whatever there is may be taken for `{}`.
  return (
    (type.flags & TypeFlags.Object) !== 0 &&
    (checker.getPropertiesOfType(type).length > 0 ||
      checker.getSignaturesOfType(type, SignatureKind.Call).length > 0)
  )
}

/** Nothing is asked of the value but whether it is one that holds. */
function isCondition(node) {
  const { parent } = node
  if (ast.isParenthesizedExpression(parent)) return isCondition(parent)
  if (ast.isPrefixUnaryExpression(parent))
    return parent.operator === ast.SyntaxKind.ExclamationToken
  if (ast.isIfStatement(parent) || ast.isWhileStatement(parent) || ast.isDoStatement(parent))
    return parent.expression === node
  if (ast.isForStatement(parent) || ast.isConditionalExpression(parent))
    return parent.condition === node || (ast.isConditionalExpression(parent) && isCondition(parent))
  if (ast.isBinaryExpression(parent)) {
    const { kind } = parent.operatorToken
    return (
      (kind === ast.SyntaxKind.AmpersandAmpersandToken || kind === ast.SyntaxKind.BarBarToken) &&
      isCondition(parent)
    )
  }
  return false
}

/** Of the platform's own lists and maps: never less than 0, nor NaN. */
function isCount(node, checker) {
  if (!ast.isPropertyAccessExpression(node) || !/^(length|size)$/.test(node.name.text)) return false
  const declared = checker.getSymbolAtLocation(node.name)?.declarations ?? []
  return declared.length > 0 && declared.every(({ path }) => /\/lib\.[^/]*\.d\.ts$/.test(path))
}

/** Blanks keep the lines that maps know. */
function changed(text, changes) {
  const parts = []
  let at = 0
  for (const { from, to, instead } of [...changes].sort((a, b) => a.from - b.from || a.to - b.to)) {
    parts.push(text.slice(at, from), instead, text.slice(from, to).replace(/[^\n]/g, ''))
    at = to
  }
  return parts.join('') + text.slice(at)
}

const OPERATORS = new Set([
  ast.SyntaxKind.EqualsEqualsEqualsToken,
  ast.SyntaxKind.ExclamationEqualsEqualsToken,
  ast.SyntaxKind.GreaterThanToken,
])
const UNCERTAIN =
  TypeFlags.TypeParameter |
  TypeFlags.IndexedAccess |
  TypeFlags.Conditional |
  TypeFlags.Substitution |
  TypeFlags.Index
const ALIKE = [TypeFlags.StringLike, TypeFlags.NumberLike, TypeFlags.BooleanLike, TypeFlags.Object]
