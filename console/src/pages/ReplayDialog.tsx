/** A recorded execution against the flow as it is now: what would come out differently. Sends nothing. */
import { useEffect, useState } from 'react'
import { get, post, seg } from '../api/client.ts'
import { useHas } from '../api/resources.ts'
import type { Execution, Flow, Json } from '../api/types.ts'
import { Empty, Note, Skeleton } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { JsonView } from '../ui/Json.tsx'

export function ReplayDialog({ execution, onClose }: { execution: Execution; onClose: () => void }) {
  const has = useHas('POST /sluiceway/v1/replay')
  const [result, setResult] = useState<Json | null>(null)
  const [error, setError] = useState('')
  useEffect(() => {
    if (!has) return
    const work = async () => {
      const flow = await get<Flow>(`/api/v2/flows/${seg(execution.flow?.id ?? '')}`)
      setResult(await post<Json>('/sluiceway/v1/replay', { execution_id: execution.id, flow: { name: flow.name, actions: flow.actions } }))
    }
    work().catch((problem: Error) => setError(problem.message))
  }, [has, execution.id, execution.flow?.id])
  return (
    <Dialog title="Replay against the flow as it is now" size="huge" onClose={onClose}>
      <div className="stack">
        {has === false && <Empty icon="diff" title="Not on this server">This server cannot replay over its API yet. From the command line: <code>sluiceway replay {execution.id} FLOW</code></Empty>}
        {error && <Note kind="bad">{error}</Note>}
        {has && !result && !error && <Skeleton />}
        {result && <><Note>Recorded answers stood in for every call: nothing was called and nothing was sent.</Note><JsonView label="Replay" value={result} /></>}
      </div>
    </Dialog>
  )
}
