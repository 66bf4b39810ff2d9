/** One execution: its steps with status, code and time, and what went in and came out. */
import { useEffect, useState } from 'react'
import { get, post, remove, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import { useActions } from '../api/resources.ts'
import type { Action, Execution, Flow, Step } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { find } from '../flow/tree.ts'
import { iconOf, hueOf, titleOf } from '../editor/look.ts'
import { Button, copyText, CopyButton, Tabs } from '../ui/controls.tsx'
import { Confirm } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { JsonView } from '../ui/Json.tsx'
import { MenuButton } from '../ui/Menu.tsx'
import { Ago, duration, exactTime } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { RunMark } from '../editor/Canvas.tsx'
import { curlOf } from './curl.ts'
import { ErrorNote } from './ErrorNote.tsx'
import { follow, isOver, type Live } from './follow.ts'
import { Status } from './status.tsx'
import './run.css'

export type StepTab = 'output' | 'input' | 'error' | 'timing'

/** Keep following an execution by its id or its first record. */
export function useExecution(id: string | null, load: (id: string) => Promise<Execution>): { live: Live | null; error: string; restart: () => void } {
  const [live, setLive] = useState<Live | null>(null)
  const [error, setError] = useState('')
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (!id) { setLive(null); return }
    let stop = () => {}
    let gone = false
    setError('')
    load(id).then((first) => { if (!gone) stop = follow(first, setLive) }, (problem: Error) => { if (!gone) { setLive(null); setError(problem.message) } })
    return () => { gone = true; stop() }
  }, [id, load, round])
  return { live: live?.execution.id === id ? live : null, error, restart: () => setRound((count) => count + 1) }
}

interface ViewProps {
  live: Live
  /** The flow's steps as they are now, by which errors are explained; read where it is not given. */
  actions?: readonly Action[] | undefined
  onOpenStep?: (id: string) => void
  step: string | null
  tab: StepTab
  onStep: (id: string | null) => void
  onTab: (tab: StepTab) => void
}

export function ExecutionView({ live, step, tab, onStep, onTab, actions, onOpenStep }: ViewProps) {
  const specs = useActions()
  const { execution, steps, order } = live
  const failed = order.find((id) => steps[id]?.status === 'FAILED')
  const chosen = step === 'whole' ? null : (step && steps[step] ? step : failed ?? order.at(-1) ?? null)
  const current = chosen ? steps[chosen] : undefined
  return (
    <div className="run-view">
      <div className="run-steps">
        <button type="button" className={`run-step ${current ? '' : 'on'}`} aria-current={current ? undefined : 'true'} onClick={() => onStep('whole')}>
          <span className="step-icon small"><Icon name="flow" size={15} /></span>
          <span className="grow"><b>Execution data</b><small className="ellipsis mono">{(execution as { dry_run?: boolean }).dry_run ? 'not kept' : execution.id}</small></span>
        </button>
        <ol aria-label="Steps that ran">
          {order.map((id) => {
            const one = steps[id]
            if (!one) return null
            return (
              <li key={id}>
                <button type="button" className={`run-step ${id === chosen ? 'on' : ''}`} aria-current={id === chosen ? 'true' : undefined} onClick={() => onStep(id)}>
                  <span className={`step-icon small ${hueOf(one.type, one.action)}`}><Icon name={iconOf(one.type, one.action)} size={15} /></span>
                  <span className="grow ellipsis"><b>{one.alias || titleOf(one, specs)}</b><small className="ellipsis">{one.alias ? titleOf(one, specs) : one.id}{one.ended_at && <> · <span className="num">{duration(one.started_at, one.ended_at)}</span></>}{one.attempts > 1 && <> · {one.attempts} attempts</>}</small></span>
                  <RunMark status={one.status} code={one.status_code} />
                </button>
              </li>
            )
          })}
        </ol>
        {live.isLive && <p className="hint run-wait" role="status">{execution.status === 'DELAYED' ? 'Waiting until the delay is over …' : 'Running …'}</p>}
      </div>
      <div className="run-detail">
        {current ? <StepDetail step={current} execution={execution} tab={tab} onTab={onTab} actions={actions} onOpenStep={onOpenStep} /> : <WholeDetail execution={execution} tab={tab} onTab={onTab} />}
      </div>
    </div>
  )
}

interface StepProps { step: Step; execution: Execution; tab: StepTab; onTab: (tab: StepTab) => void; actions: readonly Action[] | undefined; onOpenStep: ((id: string) => void) | undefined }

function StepDetail({ step, execution, tab, onTab, actions, onOpenStep }: StepProps) {
  const flowId = execution.flow?.id ?? execution.debug?.flow.id
  const isDry = (execution as { dry_run?: boolean }).dry_run === true
  const stored = useQuery(step.error && !actions && flowId ? `flow/${flowId}` : null, () => get<Flow>(`/api/v2/flows/${seg(flowId ?? '')}`), { fresh: 5000 }).data
  const known = find(actions ?? stored?.actions ?? [], step.id)?.action
  const shown = tab === 'error' && !step.error ? 'output' : tab === 'output' && step.error ? 'error' : tab
  const curl = curlOf(step, location.origin)
  const value = shown === 'input' ? step.input : shown === 'output' ? step.output : step.error
  return (
    <>
      <div className="row between run-tabs">
        <Tabs label="Of this step" value={shown} onChange={onTab} tabs={[
          { value: 'input', label: 'Input' },
          { value: 'output', label: 'Output' },
          ...(step.error ? [{ value: 'error' as const, label: <span className="bad-text">Error</span> }] : []),
          { value: 'timing', label: 'Times' },
        ]} />
        <span className="row">
          {onOpenStep && known ? <Button small kind="quiet" icon="edit" onClick={() => onOpenStep(step.id)}>{step.error ? 'Mend this step' : 'Open'}</Button> : step.error && known && flowId && <Link className="btn quiet small" to={`/flows/${seg(flowId)}?action=${seg(step.id)}&execution=${seg(execution.id)}&step=${seg(step.id)}`}><Icon name="edit" size={15} />Mend this step</Link>}
          {!isDry && step.status === 'COMPLETED' && /^(SEND_EMAIL|SEND_SMS|MAKE_CALL)$/.test(step.action) && step.type === 'AUTH0' && <Link className="btn quiet small" to={`/outbox?execution=${seg(execution.id)}`}><Icon name="outbox" size={15} />The message</Link>}
          {curl && <Button small kind="quiet" icon="terminal" onClick={() => { void copyText(curl); toast('Copied as curl. Secrets are placeholders like $TOKEN.') }}>Copy as curl</Button>}
          {shown !== 'timing' && <CopyButton label="Copy as JSON" text={() => JSON.stringify(value, null, 2)} />}
        </span>
      </div>
      <div className="run-pane" role="tabpanel" aria-label={shown}>
        {shown === 'timing' && (
          <dl className="facts">
            <div><dt>Status</dt><dd><Status status={step.status} /></dd></div>
            <div><dt>Id</dt><dd className="mono">{step.id}</dd></div>
            {step.status_code !== null && <div><dt>HTTP status</dt><dd className="num">{step.status_code}</dd></div>}
            <div><dt>Attempts</dt><dd className="num">{step.attempts}</dd></div>
            {step.started_at && <div><dt>Began</dt><dd>{exactTime(step.started_at)}</dd></div>}
            {step.ended_at && <div><dt>Took</dt><dd className="num">{duration(step.started_at, step.ended_at)}</dd></div>}
          </dl>
        )}
        {shown === 'error' && step.error && <ErrorNote error={step.error} step={step} action={known} />}
        {shown === 'input' && <JsonView label="Input" value={step.input} />}
        {shown === 'output' && (step.status === 'RUNNING' ? <p className="muted" role="status">No output yet.</p> : <JsonView label="Output" value={step.output} />)}
      </div>
    </>
  )
}

function WholeDetail({ execution, tab, onTab }: { execution: Execution; tab: StepTab; onTab: (tab: StepTab) => void }) {
  const { debug } = execution
  const shown = tab === 'error' && !debug?.error ? 'output' : tab
  return (
    <>
      <Tabs label="Of this execution" value={shown} onChange={onTab} tabs={[{ value: 'input', label: 'Input' }, { value: 'output', label: 'Output' }, ...(debug?.error ? [{ value: 'error' as const, label: <span className="bad-text">Error</span> }] : []), { value: 'timing', label: 'Times' }]} />
      <div className="run-pane" role="tabpanel" aria-label={shown}>
        {shown === 'timing' && (
          <dl className="facts">
            <div><dt>Id</dt><dd className="mono">{execution.id} <CopyButton text={execution.id} label="Copy the id" /></dd></div>
            <div><dt>Trace</dt><dd className="mono">{execution.trace_id}</dd></div>
            <div><dt>Created</dt><dd>{exactTime(execution.created_at)}</dd></div>
            {execution.started_at && <div><dt>Began</dt><dd>{exactTime(execution.started_at)}</dd></div>}
            {execution.ended_at && <div><dt>Took</dt><dd className="num">{duration(execution.started_at ?? execution.created_at, execution.ended_at)}</dd></div>}
          </dl>
        )}
        {shown === 'input' && <JsonView label="Input" value={debug?.input ?? null} />}
        {shown === 'output' && <JsonView label="Output" value={debug?.output ?? null} />}
        {shown === 'error' && debug?.error && <ErrorNote error={debug.error} />}
      </div>
    </>
  )
}

/** What can be done with an execution. */
export function ExecutionActions({ execution, onAgain, onGone }: { execution: Execution; onAgain: (id: string) => void; onGone: () => void }) {
  const [asking, setAsking] = useState<'delete' | 'cancel' | null>(null)
  const [busy, setBusy] = useState(false)
  const path = `/sluiceway/v1/executions/${seg(execution.id)}`
  const act = async (work: () => Promise<unknown>) => {
    setBusy(true)
    try { await work(); invalidate('executions') } catch (error) { reportError(error) } finally { setBusy(false); setAsking(null) }
  }
  const retry = (from: 'start' | 'failed_step') => act(async () => {
    const again = await post<Execution>(`${path}/retry`, { from })
    toast(from === 'start' ? 'Started a new execution with the same input' : 'Going on from the step that failed')
    onAgain(again.id)
  })
  const canGoOn = execution.status === 'FAILED' || execution.status === 'CANCELLED'
  return (
    <span className="row">
      {!isOver(execution.status) && <Button small icon="stop" busy={busy} onClick={() => setAsking('cancel')}>Cancel</Button>}
      {canGoOn && <Button small icon="retry" busy={busy} onClick={() => void retry('failed_step')}>Retry from failed step</Button>}
      {isOver(execution.status) && (
        <MenuButton label="More for this execution" className="icon-btn" items={() => [
          { label: 'Run again from the start', icon: 'retry', onSelect: () => void retry('start') },
          { label: 'Copy the id', icon: 'copy', onSelect: () => void copyText(execution.id) },
          '-',
          { label: 'Delete', icon: 'trash', bad: true, onSelect: () => setAsking('delete') },
        ]} />
      )}
      {asking === 'delete' && <Confirm title="Delete this execution?" action="Delete" danger onClose={() => setAsking(null)} onConfirm={() => act(async () => { await remove(path); toast('Deleted'); onGone() })}>Its record and its steps are removed. What it did outside stays done.</Confirm>}
      {asking === 'cancel' && <Confirm title="Cancel this execution?" action="Cancel the execution" danger onClose={() => setAsking(null)} onConfirm={() => act(async () => { await post(`${path}/cancel`); toast('Cancelled'); onAgain(execution.id) })}>It stops before its next step. What it has done stays done.</Confirm>}
    </span>
  )
}

export function ExecutionTitle({ live }: { live: Live }) {
  const { execution } = live
  return (
    <span className="row wrap run-title">
      <Status status={execution.status} />
      <Ago at={execution.created_at} />
      {execution.ended_at && <span className="muted num">took {duration(execution.started_at ?? execution.created_at, execution.ended_at)}</span>}
    </span>
  )
}
