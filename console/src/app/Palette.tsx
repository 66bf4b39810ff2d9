/** Find anything: pages, flows, steps, text in any field, connections, executions. */
import { useEffect, useId, useMemo, useRef, useState } from 'react'
import { get, seg } from '../api/client.ts'
import { useQuery } from '../api/query.ts'
import { useConnections, useFlows } from '../api/resources.ts'
import type { Execution, Flow } from '../api/types.ts'
import { iconOf } from '../editor/look.ts'
import { walk } from '../flow/tree.ts'
import { statusWords } from '../run/status.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Icon, type IconName } from '../ui/Icon.tsx'
import { ago } from '../ui/time.tsx'
import { match, navigate } from './router.tsx'
import { setTheme } from './theme.ts'

interface FieldHit { flow: { id: string; name: string }; id: string; alias: string | null; type: string; action: string; field: string; text: string }
interface Hit { group: string; label: string; detail?: string; icon: IconName; run: () => void }

const PAGES: readonly (readonly [string, string, IconName])[] = [['/flows', 'Flows', 'flow'], ['/executions', 'Executions', 'runs'], ['/batches', 'Batches', 'batch'], ['/outbox', 'Outbox', 'outbox'], ['/vault', 'Vault', 'lock'], ['/providers', 'Providers', 'plug'], ['/users', 'Users', 'users'], ['/clients', 'Clients', 'key'], ['/settings', 'Settings', 'settings']]

export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  const flows = useFlows().data
  const connections = useConnections().data
  const here = match('/flows/:id', location.pathname)?.['id']
  const open = useQuery(here ? `flow/${here}` : null, () => get<Flow>(`/api/v2/flows/${seg(here ?? '')}`), { fresh: 60_000 }).data
  const runs = useQuery('executions/recent', () => get<{ executions: Execution[] }>('/sluiceway/v1/executions', { take: 15 }).then((answer) => answer.executions)).data
  const [asked, setAsked] = useState('')
  useEffect(() => { const timer = setTimeout(() => setAsked(text.trim().length > 1 ? text.trim() : ''), 180); return () => clearTimeout(timer) }, [text])
  const inFields = useQuery(asked ? `search/${asked}` : null, () => get<{ steps: FieldHit[] }>('/sluiceway/v1/search', { q: asked, take: 20 }).then((answer) => answer.steps), { fresh: 10_000 }).data
  const hits = useMemo(() => {
    const go = (to: string) => () => navigate(to)
    const all: Hit[] = [
      ...PAGES.map(([to, label, icon]) => ({ group: 'Pages', label, icon, run: go(to) })),
      ...[...walk(open?.actions ?? [])].map(({ action }) => ({ group: 'Steps of this flow', label: action.alias || action.id, detail: action.action.toLowerCase().replaceAll('_', ' '), icon: iconOf(action.type, action.action), run: go(`/flows/${seg(here ?? '')}?action=${seg(action.id)}`) })),
      ...(flows ?? []).map((flow) => ({ group: 'Flows', label: flow.name, detail: flow.id, icon: 'flow' as const, run: go(`/flows/${seg(flow.id)}`) })),
      ...(connections ?? []).map((one) => ({ group: 'Vault', label: one.name, detail: one.app_id, icon: 'lock' as const, run: go(`/vault?connection=${seg(one.id)}`) })),
      ...(runs ?? []).map((one) => ({ group: 'Executions', label: `${one.flow?.name || 'Unsaved flow'}: ${statusWords(one.status).toLowerCase()} ${ago(one.created_at)}`, detail: one.id, icon: 'runs' as const, run: go(`/executions/${seg(one.id)}`) })),
      { group: 'Do', label: 'New flow', icon: 'plus', run: go('/flows?new=1') },
      { group: 'Do', label: 'Dark theme', icon: 'moon', run: () => setTheme('dark') },
      { group: 'Do', label: 'Light theme', icon: 'sun', run: () => setTheme('light') },
    ]
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    if (/^afe_\w{10,}$/.test(text.trim())) all.push({ group: 'Executions', label: text.trim(), icon: 'runs', run: go(`/executions/${seg(text.trim())}`) })
    const found = all.filter((hit) => words.every((word) => `${hit.label} ${hit.detail ?? ''} ${hit.group}`.toLowerCase().includes(word))).slice(0, 60)
    if (!words.length) return found
    // Text in any field of any flow; then what other pages can look for.
    for (const hit of asked && text.trim() === asked ? inFields ?? [] : []) {
      found.push({ group: 'In fields', label: `${hit.alias || hit.id}: ${hit.text}`, detail: `${hit.flow.name} · ${hit.field}`, icon: iconOf(hit.type, hit.action), run: go(`/flows/${seg(hit.flow.id)}?action=${seg(hit.id)}`) })
    }
    for (const [label, to, icon] of [['Executions', '/executions', 'runs'], ['Messages', '/outbox', 'outbox'], ['Users', '/users', 'users']] as const) found.push({ group: 'Search', label: `${label} with “${text.trim()}”`, icon, run: go(`${to}?q=${seg(text.trim())}`) })
    return found
  }, [text, flows, connections, open, runs, here, asked, inFields])
  const chosen = Math.min(at, hits.length - 1)
  const go = (next: number) => {
    setAt(next)
    requestAnimationFrame(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }))
  }
  return (
    <div className="palette-host"><Dialog title="Find anything" onClose={onClose}>
      <div className="palette">
        <input className="input" autoFocus role="combobox" aria-expanded="true" aria-controls={`${id}list`} aria-activedescendant={hits[chosen] ? `${id}${chosen}` : undefined} aria-label="Find anything" placeholder="Flows, steps, connections, executions …" value={text}
          onChange={(event) => { setText(event.target.value); setAt(0) }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') { event.preventDefault(); go(Math.min(hits.length - 1, chosen + 1)) }
            if (event.key === 'ArrowUp') { event.preventDefault(); go(Math.max(0, chosen - 1)) }
            if (event.key === 'Enter') { event.preventDefault(); const hit = hits[chosen]; if (hit) { onClose(); hit.run() } }
          }} />
        <div ref={list} id={`${id}list`} className="palette-list" role="listbox" aria-label="Found">
          {hits.map((hit, index) => (
            <div key={`${hit.group}${hit.label}${hit.detail ?? ''}${index}`} id={`${id}${index}`} role="option" aria-selected={index === chosen} className="palette-item" onMouseMove={() => { if (index !== chosen) setAt(index) }} onClick={() => { onClose(); hit.run() }}>
              <Icon name={hit.icon} size={16} /><span className="ellipsis">{hit.label}</span><small className="ellipsis">{hit.detail ?? hit.group}</small>
            </div>
          ))}
        </div>
        {!hits.length && <p className="muted palette-none" role="status">Nothing found.</p>}
      </div>
    </Dialog></div>
  )
}
