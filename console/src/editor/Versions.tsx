/** Versions of a flow, what changed between them by meaning, and the way back. */
import { useMemo, useState } from 'react'
import { get, post, seg } from '../api/client.ts'
import { useQuery } from '../api/query.ts'
import type { Flow, FlowVersion } from '../api/types.ts'
import { Button, Segmented, Skeleton } from '../ui/controls.tsx'
import { Confirm, Dialog } from '../ui/Dialog.tsx'
import { Ago } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { FlowDiff } from './FlowDiff.tsx'
import type { Doc } from './store.ts'

const NOTHING: Doc = { name: 'Flow', actions: [] }

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
          {right && (left || (against === 'before' && earlier === null)) && <FlowDiff before={left ?? NOTHING} after={right} />}
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
