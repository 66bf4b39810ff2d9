/** The rows of a batch, read as `sluiceway run --each` reads them: the same file gives the same runs. */
import type { Json, JsonObject } from '../api/types.ts'

export interface Row { key?: string; context?: JsonObject; fields?: JsonObject; vars?: JsonObject }
const ROOTS = ['context', 'fields', 'vars']
const DELIMITERS = [',', ';', '\t']

/** CSV (RFC 4180), its columns fields or paths like `context.user.email`; or JSON Lines. `key` names the row. */
export function readRows(text: string, name: string): Row[] {
  const rows = /\.(jsonl|ndjson|json)$/i.test(name) ? fromJson(text.trim()) : fromCsv(text.replace(/^\uFEFF/, ''))
  if (!rows.length) throw new Error('The file has no rows.')
  return rows
}

function fromJson(text: string): Row[] {
  const values = text.startsWith('[') ? (JSON.parse(text) as Json[]) : text.split(/\r?\n/).filter((line) => line.trim()).map((line, index) => { try { return JSON.parse(line) as Json } catch { throw new Error(`Line ${index + 1} is no JSON.`) } })
  return values.map((value, index) => {
    if (!isObject(value)) throw new Error(`Row ${index + 1} is no object.`)
    const { key, ...own } = value
    const row: Row = Object.entries(own).every(([root, part]) => ROOTS.includes(root) && isObject(part)) ? own : { fields: own }
    return key === undefined ? row : { key: String(key), ...row }
  })
}

function fromCsv(text: string): Row[] {
  const [head, ...lines] = readCsv(text)
  if (!head) throw new Error('The file is empty.')
  const paths = head.map((column) => pathOf(column.trim()))
  return lines.map((cells, index) => {
    if (cells.length !== paths.length) throw new Error(`Row ${index + 1} has ${cells.length} columns, the first line ${paths.length}.`)
    const row: JsonObject = {}
    paths.forEach((path, at) => put(row, path, cells[at] ?? ''))
    return row as Row
  })
}

function pathOf(column: string): string[] {
  const path = column.split('.')
  if (column === 'key') return path
  return path.length > 1 && ROOTS.includes(path[0] ?? '') && path.every(Boolean) ? path : ['fields', column]
}

function put(row: JsonObject, path: string[], cell: string) {
  let here = row
  for (const key of path.slice(0, -1)) {
    const below = Object.hasOwn(here, key) ? here[key] : (here[key] = {})
    if (!isObject(below)) throw new Error(`Two columns are for ${path.join('.')}.`)
    here = below
  }
  const last = path.at(-1) ?? ''
  if (Object.hasOwn(here, last)) throw new Error(`Two columns are for ${path.join('.')}.`)
  here[last] = cell
}

function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}

function readCsv(text: string): string[][] {
  // Spreadsheets of some countries write semicolons; an export may have tabs.
  const firstLine = text.split('\n', 1)[0] ?? ''
  const delimiter = DELIMITERS.reduce((best, one) => (firstLine.split(one).length > firstLine.split(best).length ? one : best))
  const rows: string[][] = []
  let row: string[] = []
  let cell = ''
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (quoted) {
      if (character !== '"') cell += character
      else if (text[at + 1] === '"') { cell += '"'; at++ } else quoted = false
    } else if (character === '"' && cell === '') quoted = true
    else if (character === delimiter) { row.push(cell); cell = '' }
    else if (character === '\n' || character === '\r') {
      if (character === '\r' && text[at + 1] === '\n') at++
      row.push(cell); cell = ''
      if (row.length > 1 || row[0] !== '') rows.push(row)
      row = []
    } else cell += character
  }
  row.push(cell)
  if (row.length > 1 || row[0] !== '') rows.push(row)
  return rows
}
