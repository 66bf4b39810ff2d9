/** Two wordings of a flow: what differs by meaning, as the server tells it, or line by line. */
import { useEffect, useMemo, useState } from 'react'
import { post } from '../api/client.ts'
import { useActions } from '../api/resources.ts'
import type { Json } from '../api/types.ts'
import { stepsOf, type FlowChange, type StepChange, type ValueChange } from '../flow/changes.ts'
import { showJson } from '../flow/jsonText.ts'
import { alignLines, inner, isSameRow, type Row } from '../flow/lines.ts'
import { Empty, Note, Segmented, Skeleton } from '../ui/controls.tsx'
import { Icon } from '../ui/Icon.tsx'
import { hueOf, iconOf, titleOf } from './look.ts'
import type { Doc } from './store.ts'
import './diff.css'

export function FlowDiff({ before, after }: { before: Doc; after: Doc }) {
  const [view, setView] = useState<'meaning' | 'json'>('meaning')
  const { change, failure } = useChange(before, after)
  const steps = useMemo(() => (change ? stepsOf(change, after.actions) : []), [change, after])
  const isSame = change?.change === 'same'
  return (
    <div className="stack s">
      <div className="row between wrap">
        <p className="soft" role="status">{failure ? 'Not compared by meaning.' : !change ? 'Comparing …' : isSame ? 'No difference.' : summary(steps, Boolean(change.name))}</p>
        <Segmented label="Show the difference as" value={view} onChange={setView} options={[{ value: 'meaning', label: 'By step' }, { value: 'json', label: 'As JSON' }]} />
      </div>
      {view === 'json' && <SideBySide before={showJson(before)} after={showJson(after)} label="Both as JSON" />}
      {view === 'meaning' && failure && <Note kind="warn">{failure} Compare them as JSON meanwhile.</Note>}
      {view === 'meaning' && !change && !failure && <Skeleton rows={3} />}
      {view === 'meaning' && isSame && <Empty icon="check" title="The same">Both mean the same, whatever order their keys are in.</Empty>}
      {view === 'meaning' && change && !isSame && (
        <ul className="diff">
          {change.name && <li className="diff-step changed"><Values change={{ pointer: '/name', ...change.name }} label="Name" /></li>}
          {steps.map((step) => <Step key={step.kind + step.id} step={step} />)}
        </ul>
      )}
    </div>
  )
}

function useChange(before: Doc, after: Doc): { change: FlowChange | null; failure: string } {
  const [change, setChange] = useState<FlowChange | null>(null)
  const [failure, setFailure] = useState('')
  useEffect(() => {
    const stop = new AbortController()
    setChange(null)
    setFailure('')
    post<{ flows: FlowChange[] }>('/sluiceway/v1/diff', { before, after }, { signal: stop.signal })
      .then((answer) => setChange(answer.flows[0] ?? { flow: after.name, change: 'same' }))
      .catch((error: Error) => { if (error.name !== 'AbortError') setFailure(error.message) })
    return () => stop.abort()
  }, [before, after])
  return { change, failure }
}

function summary(steps: readonly StepChange[], isRenamed: boolean): string {
  const count = (kind: StepChange['kind']) => steps.filter((step) => step.kind === kind).length
  const parts = ([[count('added'), 'added'], [count('removed'), 'removed'], [count('changed'), 'changed']] as const).filter(([number]) => number).map(([number, word]) => `${number} ${number === 1 ? 'step' : 'steps'} ${word}`)
  return [...(isRenamed ? ['Renamed'] : []), ...parts].join(', ')
}

const LOOK = { added: 'good', removed: 'bad', changed: 'warn' } as const

function Step({ step }: { step: StepChange }) {
  const specs = useActions()
  const isMovedOnly = step.kind === 'changed' && !step.changes.length && !step.was && !step.isSwapped
  return (
    <li className={`diff-step ${step.kind}`}>
      <div className="row">
        <span className={`step-icon small ${hueOf(step.action.type, step.action.action)}`}><Icon name={iconOf(step.action.type, step.action.action)} size={15} /></span>
        <b className="grow ellipsis">{step.action.alias || titleOf(step.action, specs)} <span className="muted mono">{step.id}</span></b>
        {!isMovedOnly && <span className={`badge ${LOOK[step.kind]}`}>{step.kind}</span>}
        {step.was && <span className="badge info">renamed</span>}
        {step.moved && <span className="badge info">moved</span>}
      </div>
      {step.was && <p className="hint">was <code>{step.was}</code>; references to it follow</p>}
      {step.moved && <p className="hint">from {step.moved.from} to {step.moved.to}</p>}
      {step.isSwapped && <p className="hint">TRUE and FALSE have changed places</p>}
      {step.changes.map((change) => <Values key={change.pointer} change={change} label={labelOf(change.pointer)} />)}
    </li>
  )
}

const labelOf = (pointer: string) => pointer.slice(1).replace(/^params\//, '').split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')).join(' › ')

function Values({ change, label }: { change: ValueChange; label: string }) {
  const { before, after } = change
  if (typeof before === 'string' && typeof after === 'string' && (before.includes('\n') || after.includes('\n'))) {
    return <div className="diff-values"><span className="diff-label mono">{label}</span><SideBySide before={before} after={after} label={label} /></div>
  }
  return (
    <div className="diff-values">
      <span className="diff-label mono">{label}</span>
      <pre className="before" aria-label="Before">{shown(before)}</pre>
      <pre className="after" aria-label="After">{shown(after)}</pre>
    </div>
  )
}

const shown = (value: Json | undefined) => (value === undefined ? '—' : typeof value === 'string' ? value || '(empty)' : JSON.stringify(value, null, 2))

const AROUND = 3

/** Both texts with their lines level; long runs of equal lines are folded. */
function SideBySide({ before, after, label }: { before: string; after: string; label: string }) {
  const rows = useMemo(() => alignLines(before, after), [before, after])
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set())
  const blocks = useMemo(() => fold(rows), [rows])
  return (
    <div className="sides codebox" role="group" aria-label={label} tabIndex={0}>
      {blocks.map(({ from, rows: inside, isFolded }) => (isFolded && !open.has(from)
        ? <button key={from} type="button" className="fold" onClick={() => setOpen(new Set([...open, from]))}>{inside.length} equal lines</button>
        : inside.map((row, index) => <Line key={`${from}-${index}`} row={row} />)))}
      {rows.every(isSameRow) && <p className="muted">No line differs.</p>}
    </div>
  )
}

function fold(rows: readonly Row[]): { from: number; rows: Row[]; isFolded: boolean }[] {
  const near = new Set<number>()
  rows.forEach((row, at) => { if (!isSameRow(row)) for (let other = at - AROUND; other <= at + AROUND; other++) near.add(other) })
  const blocks: { from: number; rows: Row[]; isFolded: boolean }[] = []
  rows.forEach((row, at) => {
    const isFolded = !near.has(at)
    const last = blocks.at(-1)
    if (last && last.isFolded === isFolded) last.rows.push(row)
    else blocks.push({ from: at, rows: [row], isFolded })
  })
  return blocks.map((block) => (block.isFolded && block.rows.length < 4 ? { ...block, isFolded: false } : block))
}

function Line({ row }: { row: Row }) {
  const { before, after, numbers } = row
  const isSame = before === after
  const cut = !isSame && before !== null && after !== null ? inner(before, after) : null
  return (
    <div className={`line ${isSame ? '' : 'differs'}`}>
      <Half text={before} number={numbers[0]} kind={isSame ? '' : 'gone'} marked={cut && [cut.start, cut.beforeEnd]} />
      <Half text={after} number={numbers[1]} kind={isSame ? '' : 'came'} marked={cut && [cut.start, cut.afterEnd]} />
    </div>
  )
}

function Half({ text, number, kind, marked }: { text: string | null; number: number; kind: '' | 'gone' | 'came'; marked: [number, number] | null }) {
  if (text === null) return <span className="half none" />
  const said = kind && <span className="sr">{kind === 'gone' ? 'before: ' : 'after: '}</span>
  return (
    <span className={`half ${kind}`}>
      <span className="line-number" aria-hidden="true">{number}</span>
      <code>{said}{marked ? <>{text.slice(0, marked[0])}<mark>{text.slice(...marked)}</mark>{text.slice(marked[1])}</> : text}</code>
    </span>
  )
}
