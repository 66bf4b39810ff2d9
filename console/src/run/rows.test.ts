import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRows } from './rows.ts'

test('a column is a field, or a path into any root', () => {
  assert.deepEqual(readRows('\uFEFFcontext.user.user_id;context.user.email;name;vars.\r\nauth0|1;a@b.example;"Ada; L.";x\n', 'users.csv'), [
    { context: { user: { user_id: 'auth0|1', email: 'a@b.example' } }, fields: { name: 'Ada; L.', 'vars.': 'x' } },
  ])
})

test('a JSON line is the fields, or names the three roots', () => {
  assert.deepEqual(readRows('{"n": 1, "key": "a"}\n\n{"context": {"user": {}}, "vars": {"b": 2}}\n{"fields": 1}\n', 'rows.jsonl'), [
    { key: 'a', fields: { n: 1 } },
    { context: { user: {} }, vars: { b: 2 } },
    { fields: { fields: 1 } },
  ])
})

test('what cannot be read is named', () => {
  for (const [text, name, message] of [
    ['', 'a.csv', 'empty'], ['a,b\n1\n', 'a.csv', 'Row 1 has 1 columns'], ['a,fields.a\n1,2\n', 'a.csv', 'Two columns are for fields.a'],
    ['context.user,context.user.id\n1,2\n', 'a.csv', 'Two columns'], ['a\n', 'a.csv', 'no rows'], ['{', 'a.jsonl', 'Line 1'], ['[1]', 'a.json', 'Row 1'],
  ] as const) assert.throws(() => readRows(text, name), { message: new RegExp(message) })
})
