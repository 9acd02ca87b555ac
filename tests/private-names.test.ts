import { expect, it } from 'vitest'
import { withoutPrivateNames } from '../scripts/private-names.mjs'

it('a private member is a public one, by a letter that no property has', () => {
  const text = 'class A{#count=1;e=2;get #all(){return this.#count+this.e}of(x){return x.#all.t}}'
  expect(withoutPrivateNames(text)).toBe(
    'class A{n     =1;e=2;get r   (){return this.n     +this.e}of(x){return x.r   .t}}',
  )
})

it('classes have letters of their own, and one inside another finds both', () => {
  const text =
    'class A{#a;b(o){return class{#c;d(){return o.#a+this.#c}}}}class B{#z;y(){return this.#z}}'
  expect(withoutPrivateNames(text)).toBe(
    'class A{e ;b(o){return class{e ;d(){return o.e +this.e }}}}class B{e ;y(){return this.e }}',
  )
})

it('a class that extends another keeps its private names', () => {
  const text = 'class A extends B{#count=1;get(){return this.#count}}'
  expect(withoutPrivateNames(text)).toBe(text)
})

it('a class that is named keeps its private names', () => {
  const text = 'class A{#a;b(){return this.#a}}var C=class{#d}'
  expect(withoutPrivateNames(text, { kept: ['A', 'C'] })).toBe(text)
})

it('a class has the letters that are wished for it, where they are free', () => {
  const text = 'class A{#a;#b;#c;e;d(){return this.#a+this.#b+this.#c}}'
  const wishOf = () => ({ a: 'e', b: 'q', c: 'q', gone: 't' })
  expect(withoutPrivateNames(text, { wishOf })).toBe(
    'class A{t ;q ;n ;e;d(){return this.t +this.q +this.n }}',
  )
})

it('what has no public twin is refused', () => {
  expect(() => withoutPrivateNames('class A{#a;is(x){return #a in x}}')).toThrow('#a in')
})
