/** JSON to look at: folds, colours, and masked values as chips. */
import { memo, type ReactNode } from 'react'
import { Icon } from './Icon.tsx'

const MASK = '███'

export function Masked() {
  return <span className="masked" title="This value is secret: it is kept out of every record."><Icon name="lock" size={11} />masked</span>
}

function withMasks(text: string): ReactNode[] {
  return text.split(MASK).flatMap((part, index) => (index ? [<Masked key={index} />, part] : [part]))
}

function Value({ value, name, depth }: { value: unknown; name?: string; depth: number }) {
  const key = name === undefined ? null : <><span className="k">{withMasks(JSON.stringify(name))}</span>: </>
  if (value === null || typeof value !== 'object') {
    if (value === MASK) return <div>{key}<Masked /></div>
    const kind = typeof value === 'string' ? 's' : typeof value === 'number' ? 'n' : 'a'
    const text = JSON.stringify(value) ?? 'undefined'
    return <div>{key}<span className={kind}>{withMasks(text)}</span></div>
  }
  const entries = Array.isArray(value) ? value.map((item, index) => [String(index), item] as const) : Object.entries(value)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  if (!entries.length) return <div>{key}{open}{close}</div>
  return (
    <details open={depth < 3 || entries.length < 6}>
      <summary>{key}{open} <span className="count">{entries.length} {Array.isArray(value) ? 'item' : 'key'}{entries.length > 1 && 's'}</span></summary>
      <ul>
        {entries.slice(0, 500).map(([entry, item]) => <li key={entry}><Value value={item} name={Array.isArray(value) ? undefined : entry} depth={depth + 1} /></li>)}
        {entries.length > 500 && <li className="count">… and {entries.length - 500} more</li>}
      </ul>
      {close}
    </details>
  )
}

export const JsonView = memo(function JsonView({ value, label }: { value: unknown; label: string }) {
  return <div className="json codebox" role="group" aria-label={label} tabIndex={0}><Value value={value} depth={0} /></div>
})
