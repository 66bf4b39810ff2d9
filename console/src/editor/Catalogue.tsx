/** The searchable list of actions to add. */
import { useId, useMemo, useRef, useState } from 'react'
import { useActions } from '../api/resources.ts'
import type { ActionSpec } from '../api/types.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { familyTitle, hueOf, iconOf } from './look.ts'

const FIRST = ['AUTH0', 'FLOW', 'HTTP', 'OTP', 'EMAIL', 'JSON', 'JWT', 'XML']

export function Catalogue({ onPick, onPaste, onClose }: { onPick: (spec: ActionSpec) => void; onPaste: (() => void) | null; onClose: () => void }) {
  const specs = useActions() ?? []
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const found = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    const fits = specs.filter((spec) => words.every((word) => `${spec.title} ${spec.summary} ${spec.type} ${spec.action} ${familyTitle(spec.type)}`.toLowerCase().includes(word)))
    const rank = (spec: ActionSpec) => (FIRST.indexOf(spec.type) + 1 || 99)
    const isCloser = (spec: ActionSpec) => (words.length && spec.title.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1)
    return fits.sort((one, other) => isCloser(one) - isCloser(other) || rank(one) - rank(other) || one.type.localeCompare(other.type) || one.title.localeCompare(other.title))
  }, [specs, text])
  const chosen = Math.min(at, found.length - 1)
  const go = (next: number) => {
    setAt(next)
    requestAnimationFrame(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }))
  }
  return (
    <Dialog title="Add a step" onClose={onClose} size="wide">
      <div className="stack s catalogue">
        <div className="search wide">
          <Icon name="search" size={16} />
          <input className="input" autoFocus role="combobox" aria-expanded="true" aria-controls={`${id}list`} aria-activedescendant={found[chosen] ? `${id}${chosen}` : undefined} aria-autocomplete="list" aria-label="Search actions" placeholder="Search: email, user, condition, request …" value={text}
            onChange={(event) => { setText(event.target.value); setAt(0) }}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') { event.preventDefault(); go(Math.min(found.length - 1, chosen + 1)) }
              if (event.key === 'ArrowUp') { event.preventDefault(); go(Math.max(0, chosen - 1)) }
              if (event.key === 'Enter') { event.preventDefault(); const spec = found[chosen]; if (spec) onPick(spec) }
            }} />
        </div>
        <div ref={list} id={`${id}list`} role="listbox" aria-label="Actions" className="catalogue-list">
          {found.map((spec, index) => (
            <div key={`${spec.type}/${spec.action}`} id={`${id}${index}`} role="option" aria-selected={index === chosen} aria-label={spec.title} className="catalogue-item" onClick={() => onPick(spec)} onMouseMove={() => { if (index !== chosen) setAt(index) }}>
              {(index === 0 || found[index - 1]?.type !== spec.type) && <span className="catalogue-group" aria-hidden="true">{familyTitle(spec.type)}</span>}
              <span className={`step-icon ${hueOf(spec.type, spec.action)}`}><Icon name={iconOf(spec.type, spec.action)} size={18} /></span>
              <span className="grow"><b>{spec.title}</b><small>{spec.summary}</small></span>
            </div>
          ))}
        </div>
        {!found.length && <p className="muted" role="status">No action fits “{text}”.</p>}
        {onPaste && <button type="button" className="btn link" onClick={onPaste}><Icon name="paste" size={15} />Paste the copied step here</button>}
      </div>
    </Dialog>
  )
}
