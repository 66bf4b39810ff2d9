/** A recorded execution against the flow as it is now: what would come out differently. Sends nothing. */
import { useEffect, useState } from 'react'
import { post, seg } from '../api/client.ts'
import { useActions, useHas } from '../api/resources.ts'
import type { Action, Execution, Json, StepError } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { titleOf } from '../editor/look.ts'
import { ErrorNote } from '../run/ErrorNote.tsx'
import { Status } from '../run/status.tsx'
import { Empty, Note, Skeleton } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'

interface Difference { at: string; before: Json; after: Json }
interface ReplayedStep { id: string; source: string; new: boolean; params: Difference[]; output: Difference[]; error: StepError | null }
interface Replay { differs: boolean; status: { before: string; after: string }; path: { before: string[]; after: string[] }; steps: ReplayedStep[]; output: Difference[]; error: StepError | null }

/** *edited* is the flow as an editor has it; without it the saved one counts. */
export function ReplayDialog({ execution, edited, onClose }: { execution: Execution; edited?: { name: string; actions: Action[] }; onClose: () => void }) {
  const has = useHas('POST /sluiceway/v1/replay')
  const specs = useActions()
  const [replay, setReplay] = useState<Replay | null>(null)
  const [error, setError] = useState('')
  useEffect(() => {
    if (!has) return
    const flow = edited ? { flow: edited } : { flow_id: execution.flow?.id ?? execution.debug?.flow.id ?? '' }
    post<{ replays: Replay[] }>('/sluiceway/v1/replay', { execution_ids: [execution.id], ...flow }).then((answer) => setReplay(answer.replays[0] ?? null), (problem: Error) => setError(problem.message))
    // Once, for the flow as it is while the dialog opens.
  }, [has, execution.id])
  const other = replay?.steps.filter((step) => step.new || step.source === 'gone' || step.params.length || step.output.length || step.error) ?? []
  const name = (id: string) => execution.debug?.steps.find((step) => step.id === id)?.alias || (specs && titleOf(execution.debug?.steps.find((step) => step.id === id) ?? { type: '', action: id }, specs)) || id
  return (
    <Dialog title={edited ? 'Replay against what is on the canvas' : 'Replay against the flow as it is now'} size="wide" onClose={onClose}>
      <div className="stack">
        {has === false && <Empty icon="diff" title="Not on this server">This server cannot replay over its API yet. From the command line: <code>sluiceway replay {execution.id} FLOW</code></Empty>}
        {error && <Note kind="bad">{error}</Note>}
        {has && !replay && !error && <Skeleton />}
        {replay && (
          <>
            <Note kind={replay.differs ? 'warn' : 'good'}><b>{replay.differs ? 'It would go otherwise.' : 'It would go just the same.'}</b> Recorded answers stood in for the calls: nothing was called and nothing was sent.</Note>
            {replay.status.before !== replay.status.after && <p className="row"><Status status={replay.status.before} /> → <Status status={replay.status.after} /></p>}
            {replay.error && <ErrorNote error={replay.error} />}
            <ul className="diff" aria-label="Steps that differ">
              {other.map((step) => (
                <li key={step.id} className={`diff-step ${step.new ? 'added' : step.source === 'gone' ? 'removed' : 'changed'}`}>
                  <div className="row"><b className="grow ellipsis">{name(step.id)} <span className="muted mono">{step.id}</span></b><span className={`badge ${step.new ? 'good' : step.source === 'gone' ? 'bad' : 'warn'}`}>{step.new ? 'did not run then' : step.source === 'gone' ? 'does not run now' : 'differs'}</span></div>
                  {step.error && <p className="error-text">{step.error.message}</p>}
                  {[['input', step.params], ['output', step.output]].map(([kind, differences]) => (differences as Difference[]).map((one) => (
                    <div key={`${kind as string}${one.at}`} className="diff-values"><span className="diff-label mono">{kind as string}{one.at.replaceAll('/', ' › ')}</span><pre className="before" aria-label="Then">{text(one.before)}</pre><pre className="after" aria-label="Now">{text(one.after)}</pre></div>
                  )))}
                </li>
              ))}
            </ul>
            {replay.output.map((one) => <div key={one.at} className="diff-values"><span className="diff-label mono">what the flow returns{one.at.replaceAll('/', ' › ')}</span><pre className="before" aria-label="Then">{text(one.before)}</pre><pre className="after" aria-label="Now">{text(one.after)}</pre></div>)}
            {!edited && execution.flow?.id && <p><Link to={`/flows/${seg(execution.flow.id)}?execution=${seg(execution.id)}`}>Open the flow with this execution</Link></p>}
          </>
        )}
      </div>
    </Dialog>
  )
}

const text = (value: Json | undefined) => (value === undefined || value === null ? '—' : typeof value === 'string' ? value : JSON.stringify(value, null, 2))
