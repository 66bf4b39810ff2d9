/** The searchable list of actions to add. */
import { useId, useMemo, useRef, useState } from 'react'
import { useActions } from '../api/resources.ts'
import type { ActionSpec } from '../api/types.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { familyTitle, hueOf, iconOf } from './look.ts'

/** What is used most comes first in its family. */
const USUAL = ['CREATE_USER', 'GET_USER', 'UPDATE_USER', 'SEND_REQUEST', 'SEND_EMAIL', 'SEND_SMS', 'MAKE_CALL', 'BOOLEAN_CONDITION', 'STORE_VARS', 'ERROR_MESSAGE', 'RETURN_JSON']
const place = (spec: ActionSpec) => (USUAL.indexOf(spec.action) + 1 || 99)
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
    const families = new Map<string, number>()
    for (const spec of fits) families.set(spec.type, Math.min(families.get(spec.type) ?? 1, isCloser(spec)))
    const inFamily = (spec: ActionSpec) => (families.get(spec.type) ?? 1) * 1000 + rank(spec)
    return fits.sort((one, other) => inFamily(one) - inFamily(other) || one.type.localeCompare(other.type) || isCloser(one) - isCloser(other) || place(one) - place(other) || one.title.localeCompare(other.title))
  }, [specs, text])
  const groups = useMemo(() => {
    const made: [string, { spec: ActionSpec; index: number }[]][] = []
    for (const [index, spec] of found.entries()) {
      if (made.at(-1)?.[0] !== spec.type) made.push([spec.type, []])
      made.at(-1)?.[1].push({ spec, index })
    }
    return made
  }, [found])
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
          {groups.map(([family, members]) => (
            <div key={family} role="group" aria-label={familyTitle(family)} className="catalogue-group">
              <span aria-hidden="true">{familyTitle(family)}</span>
              {members.map(({ spec, index }) => (
                <div key={spec.action} id={`${id}${index}`} role="option" aria-selected={index === chosen} className="catalogue-item" onClick={() => onPick(spec)} onMouseMove={() => { if (index !== chosen) setAt(index) }}>
                  <span className={`step-icon ${hueOf(spec.type, spec.action)}`}><Icon name={iconOf(spec.type, spec.action)} size={18} /></span>
                  <span className="grow"><b>{spec.title}</b> <small>{spec.summary}</small></span>
                </div>
              ))}
            </div>
          ))}
        </div>
        {!found.length && <p className="muted" role="status">No action fits “{text}”.</p>}
        {onPaste && <button type="button" className="btn link" onClick={onPaste}><Icon name="paste" size={15} />Paste the copied step here</button>}
      </div>
    </Dialog>
  )
}
