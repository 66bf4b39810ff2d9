/** Versions of a flow, what changed between them by meaning, and the way back. */
import { useMemo, useState } from 'react'
import { get, post, seg } from '../api/client.ts'
import { useQuery } from '../api/query.ts'
import { useActions } from '../api/resources.ts'
import type { Flow, FlowVersion, Json } from '../api/types.ts'
import { CodeEditor } from '../code/CodeEditor.tsx'
import { diffFlows, type StepDiff, type ValueChange } from '../flow/diff.ts'
import { showJson } from '../flow/jsonText.ts'
import { Button, Empty, Segmented, Skeleton } from '../ui/controls.tsx'
import { Confirm, Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Ago } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { hueOf, iconOf, titleOf } from './look.ts'
import type { Doc } from './store.ts'

export function Versions({ flowId, current, isDirty, onRolledBack, onClose }: { flowId: string; current: Doc; isDirty: boolean; onRolledBack: (flow: Flow) => void; onClose: () => void }) {
  const versions = useQuery(`versions/${flowId}`, () => get<{ versions: FlowVersion[] }>(`/sluiceway/v1/flows/${seg(flowId)}/versions`).then((answer) => answer.versions), { fresh: 0 })
  const [chosen, setChosen] = useState<number | null>(null)
  const [against, setAgainst] = useState<'now' | 'before'>('now')
  const [asking, setAsking] = useState(false)
  const list = versions.data ?? []
  const at = chosen ?? list[isDirty ? 0 : 1]?.version ?? list[0]?.version ?? null
  const one = useVersion(flowId, at)
  const earlier = list.find((version) => at !== null && version.version < at)?.version ?? null
  const before = useVersion(flowId, against === 'before' ? earlier : null)
  const rollBack = async () => {
    try {
      const flow = await post<Flow>(`/sluiceway/v1/flows/${seg(flowId)}/rollback`, { version: at })
      toast(`Version ${at} is the current one again`)
      onRolledBack(flow)
    } catch (error) { reportError(error) } finally { setAsking(false) }
  }
  const left = against === 'now' ? one : before
  const right = against === 'now' ? current : one
  return (
    <Dialog title="Versions" size="huge" onClose={onClose}>
      <div className="versions">
        <ol className="version-list" aria-label="Versions">
          {isDirty && <li className="version-now"><b>Your unsaved changes</b></li>}
          {list.map((version, index) => (
            <li key={version.version}>
              <button type="button" className={`run-step ${version.version === at ? 'on' : ''}`} aria-current={version.version === at ? 'true' : undefined} onClick={() => setChosen(version.version)}>
                <span className="grow"><b>Version {version.version}{index === 0 && ' · saved now'}</b><small>{version.comment || version.name}</small><small><Ago at={version.created_at} /></small></span>
              </button>
            </li>
          ))}
        </ol>
        <div className="version-detail">
          {versions.loading && <Skeleton />}
          {at !== null && (
            <div className="row between wrap">
              <Segmented label="Compare with" value={against} onChange={setAgainst} options={[{ value: 'now', label: `Version ${at} → ${isDirty ? 'what is on the canvas' : 'now'}` }, { value: 'before', label: earlier === null ? 'What it began with' : `Version ${earlier} → ${at}` }]} />
              <Button icon="history" disabled={list[0]?.version === at && !isDirty} onClick={() => setAsking(true)}>Go back to version {at}</Button>
            </div>
          )}
          {right && (left || (against === 'before' && earlier === null)) && <FlowDiff before={left ?? { name: right.name, actions: [] }} after={right} />}
        </div>
      </div>
      {asking && <Confirm title={`Go back to version ${at}?`} action="Go back" onClose={() => setAsking(false)} onConfirm={rollBack}>{isDirty ? 'Your unsaved changes are given up. ' : ''}Version {at} becomes the newest version; no version is lost.</Confirm>}
    </Dialog>
  )
}

function useVersion(flowId: string, version: number | null): Doc | null {
  const found = useQuery(version === null ? null : `versions/${flowId}/${version}`, () => get<FlowVersion>(`/sluiceway/v1/flows/${seg(flowId)}/versions/${version}`), { fresh: 600_000 }).data
  return useMemo(() => (found ? { name: found.name, actions: found.actions ?? [] } : null), [found])
}

export function FlowDiff({ before, after }: { before: Doc; after: Doc }) {
  const [view, setView] = useState<'meaning' | 'json'>('meaning')
  const diff = useMemo(() => diffFlows(before, after), [before, after])
  const isSame = !diff.name && !diff.steps.length
  return (
    <div className="stack s">
      <div className="row between"><p className="soft" role="status">{isSame ? 'No difference.' : summary(diff.steps, diff.name !== null)}</p><Segmented label="Show the difference as" value={view} onChange={setView} options={[{ value: 'meaning', label: 'By step' }, { value: 'json', label: 'As JSON' }]} /></div>
      {view === 'json' && <div className="side-by-side">{[['Before', before], ['After', after]].map(([label, doc]) => <CodeEditor key={label as string} language="json" label={label as string} readOnly value={showJson(doc)} height="large" />)}</div>}
      {view === 'meaning' && isSame && <Empty icon="check" title="The same">Both mean the same, whatever order their keys are in.</Empty>}
      {view === 'meaning' && (
        <ul className="diff">
          {diff.name && <li className="diff-step changed"><Values change={diff.name} label="Name" /></li>}
          {diff.steps.map((step) => <StepChange key={step.kind + step.id} step={step} />)}
        </ul>
      )}
    </div>
  )
}

function summary(steps: readonly StepDiff[], renamed: boolean): string {
  const count = (kind: StepDiff['kind']) => steps.filter((step) => step.kind === kind).length
  const parts = [[count('added'), 'added'], [count('removed'), 'removed'], [count('changed'), 'changed']].filter(([number]) => number).map(([number, word]) => `${number} ${number === 1 ? 'step' : 'steps'} ${word}`)
  return [...(renamed ? ['renamed'] : []), ...parts].join(', ')
}

function StepChange({ step }: { step: StepDiff }) {
  const specs = useActions()
  return (
    <li className={`diff-step ${step.kind}`}>
      <div className="row">
        <span className={`step-icon small ${hueOf(step.action.type, step.action.action)}`}><Icon name={iconOf(step.action.type, step.action.action)} size={15} /></span>
        <b className="grow ellipsis">{step.action.alias || titleOf(step.action, specs)} <span className="muted mono">{step.id}</span></b>
        <span className={`badge ${step.kind === 'added' ? 'good' : step.kind === 'removed' ? 'bad' : 'warn'}`}>{step.kind}</span>
        {step.moved && <span className="badge info">moved</span>}
      </div>
      {step.moved && <p className="hint">from {step.moved.from} to {step.moved.to}</p>}
      {step.changes.map((change) => <Values key={change.pointer} change={change} label={change.pointer.slice(1).replace(/^params\//, '').replaceAll('/', ' › ')} />)}
    </li>
  )
}

function Values({ change, label }: { change: ValueChange; label: string }) {
  return (
    <div className="diff-values">
      <span className="diff-label mono">{label}</span>
      <pre className="before" aria-label="Before">{shown(change.before)}</pre>
      <pre className="after" aria-label="After">{shown(change.after)}</pre>
    </div>
  )
}

const shown = (value: Json | undefined) => (value === undefined ? '—' : typeof value === 'string' ? value || '(empty)' : JSON.stringify(value, null, 2))
