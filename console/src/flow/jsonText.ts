/** JSON as people write it here: `{{ x }}` may stand where a value stands, quoted or not. */
import type { Json } from '../api/types.ts'

export interface JsonProblem { message: string; from: number; to: number }
export type Parsed = { value: Json; problem?: undefined } | { value?: undefined; problem: JsonProblem }

class Failure extends Error {
  readonly from: number
  readonly to: number
  constructor(message: string, from: number, to: number) { super(message); this.from = from; this.to = to }
}

export function parseTemplateJson(text: string): Parsed {
  let at = 0
  const fail = (message: string, from = at, to = from + 1): never => { throw new Failure(message, Math.min(from, text.length), Math.min(Math.max(to, from), text.length)) }
  const space = () => { while (/\s/.test(text[at] ?? '')) at++ }

  const template = (): string => {
    const start = at
    const end = text.indexOf('}}', at + 2)
    if (end < 0) fail('This {{ is never closed with }}.', start, text.length)
    at = end + 2
    return text.slice(start, at)
  }
  const string = (): string => {
    const start = at
    at++
    while (at < text.length) {
      const character = text[at]
      if (character === '\\') { at += 2; continue }
      if (character === '"') {
        at++
        try { return JSON.parse(text.slice(start, at)) as string } catch { fail('This text has an escape that JSON does not know.', start, at) }
      }
      if (character === '\n') fail('This text is not closed with a quote. A line break is written \\n.', start, at)
      at++
    }
    return fail('This text is not closed with a quote.', start, text.length)
  }
  const value = (depth: number): Json => {
    if (depth > 90) fail('This is nested too deeply.')
    space()
    const character = text[at]
    if (character === undefined) return fail('A value is missing here.', Math.max(0, text.length - 1), text.length)
    if (text.startsWith('{{', at)) return template()
    if (character === '"') return string()
    if (character === '{') return object(depth)
    if (character === '[') return array(depth)
    const word = /^-?[\w.+-]+/.exec(text.slice(at))?.[0]
    if (!word) return fail(`A value cannot begin with ${character}.`)
    const start = at
    at += word.length
    if (word === 'true') return true
    if (word === 'false') return false
    if (word === 'null') return null
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(word)) return Number(word)
    return fail(`${word} is no JSON value. Put texts in double quotes, expressions in {{ }}.`, start, at)
  }
  const object = (depth: number): Json => {
    const result: { [key: string]: Json } = {}
    at++
    space()
    if (text[at] === '}') { at++; return result }
    for (;;) {
      space()
      const start = at
      if (text[at] === '}') fail('Remove the comma before }.', at)
      if (text[at] !== '"') fail('A name in double quotes is expected here.')
      const key = string()
      if (Object.hasOwn(result, key)) fail(`The name ${JSON.stringify(key)} stands here twice.`, start, at)
      space()
      if (text[at] !== ':') fail('A colon is expected after the name.')
      at++
      Object.defineProperty(result, key, { value: value(depth + 1), enumerable: true, configurable: true, writable: true })
      space()
      if (text[at] === ',') { at++; continue }
      if (text[at] === '}') { at++; return result }
      fail('A comma or } is expected here.')
    }
  }
  const array = (depth: number): Json => {
    const result: Json[] = []
    at++
    space()
    if (text[at] === ']') { at++; return result }
    for (;;) {
      space()
      if (text[at] === ']') fail('Remove the comma before ].', at)
      result.push(value(depth + 1))
      space()
      if (text[at] === ',') { at++; continue }
      if (text[at] === ']') { at++; return result }
      fail('A comma or ] is expected here.')
    }
  }
  try {
    const result = value(0)
    space()
    if (at < text.length) fail('Nothing more is expected after the value.', at, text.length)
    return { value: result }
  } catch (error) {
    if (error instanceof Failure) return { problem: { message: error.message, from: error.from, to: error.to } }
    throw error
  }
}

export const showJson = (value: unknown) => JSON.stringify(value, null, 2) ?? ''
