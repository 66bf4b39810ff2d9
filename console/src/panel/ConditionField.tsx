/** The conditions builder: any of groups of all, or the other way about; JSON for what is deeper. */
import { useState } from 'react'
import type { Json } from '../api/types.ts'
import { CodeEditor } from '../code/CodeEditor.tsx'
import { emptyComparison, isUnary, OPERATORS, readCondition, writeCondition, type Comparison, type Condition, type Group } from '../flow/conditions.ts'
import type { Scope } from '../flow/scope.ts'
import { Button, Field, IconButton, Segmented, Select } from '../ui/controls.tsx'
import { JsonField } from './JsonField.tsx'
import { textOf } from './schema.ts'

interface Props { label: string; value: Json | undefined; onChange: (value: Json) => void; scope: Scope | null; error?: string }

export function ConditionField({ label, value, onChange, scope, error }: Props) {
  const [asJson, setAsJson] = useState(false)
  const condition = readCondition(value)
  const toggle = condition && <Button kind="link" small onClick={() => setAsJson(!asJson)}>{asJson ? 'As a form' : 'As JSON'}</Button>
  if (asJson || !condition) return <JsonField label={label} required value={value} onChange={(next) => onChange(next ?? '')} scope={scope} error={error} aside={toggle} />
  const root: Group = condition.kind === 'group' ? condition : { kind: 'group', operator: 'AND', parts: [condition] }
  return (
    <Field label={label} required error={error} aside={toggle}>
      {({ labelId }) => <div role="group" aria-labelledby={labelId}><GroupEditor group={root} depth={0} scope={scope} onChange={(next) => onChange(writeCondition(next))} /></div>}
    </Field>
  )
}

function GroupEditor({ group, depth, scope, onChange, onRemove }: { group: Group; depth: number; scope: Scope | null; onChange: (group: Group) => void; onRemove?: () => void }) {
  const replace = (index: number, part: Condition | null) => onChange({ ...group, parts: group.parts.flatMap((one, at) => (at === index ? (part ? [part] : []) : [one])) })
  return (
    <div className={`cond-group depth-${Math.min(depth, 3)}`}>
      {(group.parts.length > 1 || depth > 0) && (
        <div className="row between">
          <Segmented label="How the comparisons join" value={group.operator} onChange={(operator) => onChange({ ...group, operator })} options={[{ value: 'AND', label: 'All of' }, { value: 'OR', label: 'Any of' }]} />
          {onRemove && <IconButton small icon="trash" label="Remove the group" onClick={onRemove} />}
        </div>
      )}
      {group.parts.map((part, index) => (
        <div key={index}>
          {index > 0 && <div className="cond-join">{group.operator === 'AND' ? 'and' : 'or'}</div>}
          {part.kind === 'group'
            ? <GroupEditor group={part} depth={depth + 1} scope={scope} onChange={(next) => replace(index, next)} onRemove={() => replace(index, null)} />
            : <ComparisonEditor comparison={part} scope={scope} onChange={(next) => replace(index, next)} onRemove={group.parts.length > 1 || depth > 0 ? () => replace(index, null) : undefined} />}
        </div>
      ))}
      <div className="row wrap">
        <Button small icon="plus" onClick={() => onChange({ ...group, parts: [...group.parts, emptyComparison()] })}>{group.operator === 'AND' ? 'And' : 'Or'}</Button>
        <Button small kind="quiet" icon="plus" onClick={() => onChange({ ...group, parts: [...group.parts, { kind: 'group', operator: group.operator === 'AND' ? 'OR' : 'AND', parts: [emptyComparison()] }] })}>{group.operator === 'AND' ? 'Any of…' : 'All of…'}</Button>
      </div>
    </div>
  )
}

function ComparisonEditor({ comparison, scope, onChange, onRemove }: { comparison: Comparison; scope: Scope | null; onChange: (comparison: Comparison) => void; onRemove?: () => void }) {
  return (
    <div className="cond">
      <CodeEditor singleLine language="expression" label="Left side" hint="{{ fields.name }}" value={textOf(comparison.left)} scope={scope} onChange={(text) => onChange({ ...comparison, left: sideValue(text, comparison.left) })} />
      <div className="row">
        <Select aria-label="Comparison" value={comparison.operator} options={OPERATORS.map(([code, label]) => [code, label] as const)} onChange={(operator) => onChange({ ...comparison, operator })} />
        {onRemove && <IconButton icon="minus" label="Remove the comparison" onClick={onRemove} />}
      </div>
      {!isUnary(comparison.operator) && <CodeEditor singleLine language="expression" label="Right side" hint="A value, or {{ an expression }}" value={textOf(comparison.right)} scope={scope} onChange={(text) => onChange({ ...comparison, right: sideValue(text, comparison.right) })} />}
    </div>
  )
}

/** A side that was a number, true or a list stays one while it reads as one. */
function sideValue(text: string, before: Json): Json {
  if (typeof before === 'string') return text
  try { return JSON.parse(text) as Json } catch { return text }
}
