import { expect, it } from 'vitest'
import { withoutBareFields } from '../scripts/bare-fields.mjs'

it('a field that the constructor gives a value at once is not said before', () => {
  const text = 'class A{a;b;c=1;constructor(a){const x=a;this.a=x;this.b=2,this.c=3}}'
  expect(withoutBareFields(text)).toBe(
    'class A{    c=1;constructor(a){const x=a;this.a=x;this.b=2,this.c=3}}',
  )
})

it.each([
  ['that is given its value later', 'class A{a;b(){this.a=1}}'],
  [
    'that is given it where the constructor may not come',
    'class A{a;constructor(b){if(b)return;this.a=1}}',
  ],
  ['of another object', 'class A{a;constructor(b){b.a=1}}'],
  ['of the class itself', 'class A{static a;constructor(){this.a=1}}'],
  ['with something above the class', 'class A extends B{a;constructor(){super();this.a=1}}'],
  ['that is private', 'class A{#a;constructor(){this.#a=1}}'],
])('a field %s stays', (_which, text) => {
  expect(withoutBareFields(text)).toBe(text)
})

it('a field of a class that is named stays', () => {
  const text = 'class A{a;constructor(){this.a=1}}var C=class{b;constructor(){this.b=1}}'
  expect(withoutBareFields(text, { kept: ['A', 'C'] })).toBe(text)
})

it('a field called by a word that is short elsewhere is left out', () => {
  const text = 'class A extends B{peer;\n  name;constructor(){super();this.et=1}}'
  expect(withoutBareFields(text, { short: { peer: 'et' } })).toBe(
    'class A extends B{     \n  name;constructor(){super();this.et=1}}',
  )
})
