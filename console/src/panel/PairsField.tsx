/** Names and values in rows: grips to drag, arrows to move by keyboard, and JSON for the rest. */
import { useEffect, useRef, useState } from 'react'
import type { Json, JsonObject } from '../api/types.ts'
import { CodeEditor } from '../code/CodeEditor.tsx'
import type { Scope } from '../flow/scope.ts'
import { Button, Field, IconButton } from '../ui/controls.tsx'
import { Icon } from '../ui/Icon.tsx'
import { JsonField } from './JsonField.tsx'
import { textOf } from './schema.ts'

interface Row { key: number; name: string; value: Json }
let last = 0
const rowsOf = (value: JsonObject): Row[] => Object.entries(value).map(([name, item]) => ({ key: ++last, name, value: item }))
const valueOf = (rows: readonly Row[]): JsonObject => Object.fromEntries(rows.filter((row) => row.name !== '').map((row) => [row.name, row.value]))

interface Props { label: string; tip?: string; required?: boolean; value: Json | undefined; onChange: (value: Json | undefined) => void; scope: Scope | null; errors: Record<string, string>; error?: string }

export function PairsField({ label, tip, required, value, onChange, scope, errors, error }: Props) {
  const [advanced, setAdvanced] = useState(false)
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const [rows, setRows] = useState<Row[]>(() => (isObject ? rowsOf(value) : []))
  const sent = useRef(JSON.stringify(isObject ? value : {}))
  const list = useRef<HTMLUListElement>(null)
  const [drag, setDrag] = useState<number | null>(null)
  useEffect(() => {
    const text = JSON.stringify(isObject ? value : {})
    if (text !== sent.current) { sent.current = text; setRows(isObject ? rowsOf(value) : []) }
  }, [value, isObject])
  const change = (next: Row[]) => {
    setRows(next)
    const made = valueOf(next)
    sent.current = JSON.stringify(made)
    onChange(next.length || required ? made : undefined)
  }
  const moveTo = (from: number, to: number, refocus = false) => {
    if (to < 0 || to >= rows.length || from === to) return
    const next = [...rows]
    const [row] = next.splice(from, 1)
    if (row) next.splice(to, 0, row)
    change(next)
    if (refocus) requestAnimationFrame(() => list.current?.querySelectorAll<HTMLElement>('.grip')[to]?.focus())
  }
  const doubled = new Set(rows.map((row) => row.name).filter((name, index, all) => name && all.indexOf(name) !== index))
  const toggle = <Button kind="link" small onClick={() => setAdvanced(!advanced)}>{advanced ? 'As rows' : 'As JSON'}</Button>
  if (advanced || (value !== undefined && !isObject)) {
    return <JsonField label={label} tip={tip} required={required} value={value ?? {}} onChange={onChange} scope={scope} error={error} aside={isObject || value === undefined ? toggle : undefined} />
  }
  return (
    <Field label={label} tip={tip} required={required} error={error} aside={toggle}>
      {({ labelId }) => (
        <div className="pairs" role="group" aria-labelledby={labelId}>
          <ul ref={list}>
            {rows.map((row, index) => (
              <li key={row.key} className={`pair ${drag === index ? 'dragged' : ''}`}
                onDragOver={(event) => { if (drag !== null) { event.preventDefault(); if (drag !== index) { moveTo(drag, index); setDrag(index) } } }}>
                <button type="button" className="grip" draggable aria-label={`Move ${row.name || `row ${index + 1}`}: arrow keys, or drag`} title="Drag, or use the arrow keys"
                  onDragStart={(event) => { event.dataTransfer.effectAllowed = 'move'; setDrag(index) }}
                  onDragEnd={() => setDrag(null)}
                  onKeyDown={(event) => {
                    if (event.key === 'ArrowUp') { event.preventDefault(); moveTo(index, index - 1, true) }
                    if (event.key === 'ArrowDown') { event.preventDefault(); moveTo(index, index + 1, true) }
                  }}><Icon name="drag" size={14} /></button>
                <input className="input mono" aria-label={`${label}: name ${index + 1}`} placeholder="Name" spellCheck={false} autoComplete="off" value={row.name} aria-invalid={doubled.has(row.name) || undefined}
                  onChange={(event) => change(rows.map((one) => (one === row ? { ...one, name: event.target.value } : one)))} />
                <div className="grow">
                  <CodeEditor singleLine language="expression" label={`${label}: value of ${row.name || `row ${index + 1}`}`} hint="Value" value={textOf(row.value)} scope={scope} invalid={Boolean(errors[`/${escapePart(row.name)}`])}
                    onChange={(text) => change(rows.map((one) => (one === row ? { ...one, value: keepType(text, row.value) } : one)))} />
                  {errors[`/${escapePart(row.name)}`] && <span className="error-text"><Icon name="error" size={14} />{errors[`/${escapePart(row.name)}`]}</span>}
                </div>
                <IconButton icon="minus" label={`Remove ${row.name || `row ${index + 1}`}`} onClick={() => change(rows.filter((one) => one !== row))} />
              </li>
            ))}
          </ul>
          {doubled.size > 0 && <span className="error-text"><Icon name="error" size={14} />Two rows have the name {[...doubled].join(', ')}: only the last one counts.</span>}
          <Button kind="quiet" small icon="plus" onClick={() => {
            setRows([...rows, { key: ++last, name: '', value: '' }])
            requestAnimationFrame(() => [...(list.current?.querySelectorAll<HTMLElement>('input') ?? [])].at(-1)?.focus())
          }}>Add item</Button>
        </div>
      )}
    </Field>
  )
}

const escapePart = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1')

function keepType(text: string, before: Json): Json {
  if (typeof before === 'string' || !text.trim()) return text
  try { return JSON.parse(text) as Json } catch { return text }
}
