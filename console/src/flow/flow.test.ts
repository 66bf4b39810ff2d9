import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Action, Json } from '../api/types.ts'
import { stepsOf, touched } from './changes.ts'
import { describe, OPERATORS, readCondition, writeCondition } from './conditions.ts'
import { begin, record, redo, undo } from './history.ts'
import { parseTemplateJson } from './jsonText.ts'
import { alignLines, inner } from './lines.ts'
import { zip } from '../ui/zip.ts'
import { copyWithNewIds, earlier, find, insert, move, removeAction, renameId, renameReferences, step, walk } from './tree.ts'

const leaf = (id: string, params: Record<string, Json> = {}): Action => ({ id, type: 'FLOW', action: 'DO_NOTHING', params })
const fork = (id: string, then: Action[], otherwise: Action[]): Action => ({ id, type: 'FLOW', action: 'BOOLEAN_CONDITION', params: { if: null, then: then as unknown as Json, else: otherwise as unknown as Json } })
const sample = () => [leaf('a'), fork('c', [leaf('t1'), leaf('t2')], [leaf('e1')]), leaf('z')]
const order = (actions: readonly Action[]) => [...walk(actions)].map((found) => found.action.id).join(' ')

test('an edit keeps what it does not touch', () => {
  const before = sample()
  const after = insert(before, { parent: 'c', branch: 'else', index: 1 }, leaf('new'))
  assert.equal(order(after), 'a c t1 t2 e1 new z')
  assert.equal(after[0], before[0])
  assert.equal(after[2], before[2])
  assert.equal(order(before), 'a c t1 t2 e1 z')
})

test('a step cannot be moved into itself', () => {
  const before = sample()
  assert.equal(move(before, 'c', { parent: 'c', branch: 'then', index: 0 }), before)
})

test('moving down and up again ends where it began, through every list', () => {
  let actions: Action[] = sample()
  const seen = [order(actions)]
  for (let place = step(actions, 'a', 1); place; place = step(actions, 'a', 1)) {
    actions = move(actions, 'a', place)
    seen.push(order(actions))
    assert.ok(seen.length < 20)
  }
  assert.equal(order(actions), 'c t1 t2 e1 z a')
  for (let place = step(actions, 'a', -1); place; place = step(actions, 'a', -1)) {
    actions = move(actions, 'a', place)
    assert.equal(order(actions), (seen.pop(), seen.at(-1)))
  }
  assert.equal(order(actions), 'a c t1 t2 e1 z')
})

test('what can have run before: the way to the step, and branches passed on it', () => {
  const names = (id: string) => earlier(sample(), id).map((one) => one.action.id + (one.certain ? '' : '?')).join(' ')
  assert.equal(names('a'), '')
  assert.equal(names('t2'), 'a c t1')
  assert.equal(names('e1'), 'a c')
  assert.equal(names('z'), 'a c t1? t2? e1?')
})

test('steps of a branch that ends the flow have not run after it, and those of the other have', () => {
  const end: Action = { id: 'stop', type: 'FLOW', action: 'ERROR_MESSAGE', params: {} }
  const names = (actions: Action[]) => earlier(actions, 'z').map((one) => one.action.id + (one.certain ? '' : '?')).join(' ')
  assert.equal(names([fork('c', [leaf('t')], [leaf('e'), end]), leaf('z')]), 'c t')
  assert.equal(names([fork('c', [leaf('t')], [fork('d', [leaf('x'), end], [leaf('y')])]), leaf('z')]), 'c t? d? y?')
  assert.equal(names([fork('c', [leaf('t')], [fork('d', [end], [{ ...end, id: 'too' }])]), leaf('z')]), 'c t')
})

test('a copy has ids of its own, and its references follow', () => {
  const copied = [leaf('x'), leaf('y', { v: '{{actions.x.body}} actions.x {{ actions["x"].a + myactions.x }}' })]
  const [x, y] = copyWithNewIds(copied, new Set(['x', 'y']))
  assert.notEqual(x?.id, 'x')
  assert.equal(y?.params?.['v'], `{{actions.${x?.id}.body}} actions.x {{ actions["${x?.id}"].a + myactions.x }}`)
})

test('renaming an id renames references in other steps, in branches too', () => {
  const actions = [leaf('a'), fork('c', [leaf('t', { v: '{{actions.a.x}}{{actions.ab.x}}' })], [])]
  const renamed = renameId(actions, 'a', 'first')
  assert.equal(find(renamed, 't')?.action.params?.['v'], '{{actions.first.x}}{{actions.ab.x}}')
  assert.equal(renameReferences('plain actions.a', new Map([['a', 'b']])), 'plain actions.a')
})

test('removing from a branch', () => {
  assert.equal(order(removeAction(sample(), 't1')), 'a c t2 e1 z')
  assert.equal(order(removeAction(sample(), 'c')), 'a z')
})

test('typing is one step back, a pause begins another', () => {
  let history = begin('')
  history = record(history, 'h', 'field', 1000)
  history = record(history, 'hi', 'field', 1200)
  history = record(history, 'hi!', 'field', 9000)
  assert.equal(undo(history).now, 'hi')
  assert.equal(undo(undo(history)).now, '')
  assert.equal(redo(undo(history)).now, 'hi!')
  assert.equal(undo(begin(1)).now, 1)
})

test('JSON with expressions as values', () => {
  assert.deepEqual(parseTemplateJson('{"a": {{ fields.x }}, "b": ["{{y}}", 1.5, null, true]}').value, { a: '{{ fields.x }}', b: ['{{y}}', 1.5, null, true] })
  assert.deepEqual(parseTemplateJson('{{ whole }}').value, '{{ whole }}')
  assert.deepEqual(parseTemplateJson('{"__proto__": 1}').value, JSON.parse('{"__proto__": 1}'))
  for (const [text, from] of [['{"a": }', 6], ['{"a": 1,}', 8], ['{"a": 1 "b": 2}', 8], ['[1, x]', 4], ['{"a": {{ x }', 6], ['"a" b', 4], ['{"a":1,"a":2}', 7], ['', 0]] as const) {
    assert.equal(parseTemplateJson(text).problem?.from ?? 'parsed', Math.max(0, from), text)
  }
})

test('whatever JSON.stringify writes is read back', () => {
  for (const value of [{ a: [1, { b: 'c\n"\\ \u2028' }], d: {} }, [], 'x', -0.5e-7, false, null]) {
    assert.deepEqual(parseTemplateJson(JSON.stringify(value, null, 2)).value, value)
  }
})

test('every operator goes in and out', () => {
  for (const [code, , sides] of OPERATORS) {
    const written: Json = { operator: 'OR', operands: [{ operator: code, operands: sides === 2 ? ['{{a}}', 1] : ['{{a}}'] }] }
    const read = readCondition(written)
    assert.ok(read)
    assert.deepEqual(writeCondition(read), written)
  }
  assert.equal(readCondition({ operator: 'WHAT', operands: [] }), null)
  assert.equal(describe({ operator: 'AND', operands: [{ operator: 'EQ', operands: ['{{ fields.a }}', 'x'] }, { operator: 'EXISTS', operands: ['{{b}}'] }] }), 'fields.a is equal to x and b exists')
})

test('which cards were touched since the flow was saved', () => {
  const saved = sample()
  assert.deepEqual(touched(saved, saved), {})
  assert.deepEqual(touched(saved, insert(saved, { parent: 'c', branch: 'then', index: 0 }, leaf('new'))), { new: 'new' })
  assert.deepEqual(touched(saved, [leaf('a', { v: 1 }), ...saved.slice(1)]), { a: 'changed' })
  assert.deepEqual(touched(saved, structuredClone(saved)), {})
})

test('a difference as the server tells it, step by step in the order of the flow', () => {
  const place = { parent: null, branch: null, index: 0 }
  const steps = stepsOf({
    flow: 'x', change: 'changed', renamed: { old: 'a' }, removed: [{ action: leaf('gone'), place }], added: [{ action: leaf('t1'), place }],
    moved: [{ id: 'z', before: { parent: 'c', branch: 'then', index: 1 }, after: { ...place, index: 2 } }], swapped: ['c'], changed: [{ id: 'a', pointer: '/params/v', after: 1 }],
  }, sample())
  assert.deepEqual(steps.map((one) => `${one.kind} ${one.id}`), ['changed a', 'changed c', 'added t1', 'changed z', 'removed gone'])
  assert.equal(steps[0]?.was, 'old')
  assert.deepEqual(steps[0]?.changes, [{ pointer: '/params/v', before: undefined, after: 1 }])
  assert.equal(steps[1]?.isSwapped, true)
  assert.deepEqual(steps[3]?.moved, { from: 'TRUE of c, place 2', to: 'place 3' })
})

test('two texts side by side keep equal lines level', () => {
  const rows = alignLines('a\nb\nc\nd', 'a\nx\ny\nc\nd\ne')
  assert.deepEqual(rows.map((row) => `${row.before ?? '-'}|${row.after ?? '-'}`), ['a|a', 'b|x', '-|y', 'c|c', 'd|d', '-|e'])
  assert.deepEqual(rows[3]?.numbers, [3, 4])
  assert.deepEqual(alignLines('same', 'same').map((row) => row.numbers), [[1, 1]])
  assert.deepEqual(inner('"to": "ada"', '"to": "alan"'), { start: 8, beforeEnd: 10, afterEnd: 11 })
})

test('an archive begins with its first file and ends with its directory', () => {
  const bytes = zip({ 'flows/ä.json': '{}\n', 'b.json': '[]' }, new Date(2026, 10, 28, 12, 30))
  const view = new DataView(bytes.buffer)
  assert.equal(view.getUint32(0, true), 0x04034b50)
  const end = bytes.length - 22
  assert.equal(view.getUint32(end, true), 0x06054b50)
  assert.equal(view.getUint16(end + 10, true), 2)
  assert.equal(view.getUint32(view.getUint32(end + 16, true), true), 0x02014b50)
})
