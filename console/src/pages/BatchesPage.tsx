/** Batches: the same flow for many rows, with progress, and what failed. */
import { useRef, useState } from 'react'
import { get, post, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import { useFlows, useHas } from '../api/resources.ts'
import { Link, navigate, useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import { readRows, type Row } from '../run/rows.ts'
import { statusWords } from '../run/status.tsx'
import { Button, Empty, Note, SelectField, Skeleton, TextField } from '../ui/controls.tsx'
import { Confirm, Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { reportError, toast } from '../ui/toasts.tsx'

interface Batch { id: string; total: number; statuses?: Record<string, number>; flow?: { id: string; name: string }; flow_id?: string; created_at?: string }
const OVER = ['COMPLETED', 'FAILED', 'CANCELLED']
const KEY = 'sluiceway.batches'

function remembered(): string[] {
  try { return JSON.parse(localStorage.getItem(KEY) ?? '[]') as string[] } catch { return [] }
}
function remember(id: string) {
  try { localStorage.setItem(KEY, JSON.stringify([id, ...remembered().filter((one) => one !== id)].slice(0, 20))) } catch { /* shown while the page lasts */ }
}

export function BatchesPage({ batchId }: { batchId?: string }) {
  useTitle('Batches')
  const canList = useHas('GET /sluiceway/v1/batches')
  const list = useQuery(canList === undefined ? null : `batches/${canList}`, async () => (canList
    ? (await get<{ batches: Batch[] }>('/sluiceway/v1/batches')).batches
    : remembered().map((id): Batch => ({ id, total: 0 }))), { every: 5000 })
  const [open, setOpen] = useState(false)
  return (
    <Page title="Batches" about="One flow run for many rows: a list of users, an export, a file." actions={<Button kind="primary" icon="plus" onClick={() => setOpen(true)}>New batch</Button>}>
      {list.error && <Note kind="bad">{list.error.message}</Note>}
      {batchId && <Progress key={batchId} id={batchId} />}
      {list.data?.length === 0 && !batchId && <div className="card"><Empty icon="batch" title="No batches yet" action={<Button kind="primary" icon="plus" onClick={() => setOpen(true)}>New batch</Button>}>Choose a flow and a CSV or JSON Lines file; each row is one execution, its columns the fields. A row is never run twice under the same batch id.</Empty></div>}
      {(list.data?.length ?? 0) > 0 && (
        <ul className="card batch-list">{list.data?.map((batch) => <li key={batch.id}><Link className={`mail-item ${batch.id === batchId ? 'on' : ''}`} aria-current={batch.id === batchId ? 'true' : undefined} to={`/batches/${seg(batch.id)}`}><Icon name="batch" size={17} /><span className="grow"><b>{batch.id}</b><span className="soft">{batch.flow?.name}</span></span>{batch.total > 0 && <span className="muted num">{batch.total} rows</span>}<Icon name="right" size={15} /></Link></li>)}</ul>
      )}
      {open && <NewBatch onClose={() => setOpen(false)} />}
    </Page>
  )
}

function Progress({ id }: { id: string }) {
  const batch = useQuery(`batch/${id}`, () => get<Batch>(`/sluiceway/v1/batches/${seg(id)}`), { every: 1000, fresh: 300 })
  const seen = useRef<{ at: number; over: number } | null>(null)
  const data = batch.data
  const statuses = data?.statuses ?? {}
  const over = OVER.reduce((sum, status) => sum + (statuses[status] ?? 0), 0)
  const total = data?.total ?? 0
  if (data && !seen.current) seen.current = { at: Date.now(), over }
  const rate = seen.current && over > seen.current.over ? (over - seen.current.over) / ((Date.now() - seen.current.at) / 1000) : 0
  const left = total - over
  const [isAsking, setIsAsking] = useState(false)
  const cancel = async () => {
    try {
      const { cancelled, refused } = await post<{ cancelled: number; refused: unknown[] }>(`/sluiceway/v1/batches/${seg(id)}/cancel`)
      toast(`Cancelled ${cancelled}${refused.length ? `; ${refused.length} stop after the call in flight` : ''}`)
      invalidate('executions')
      batch.reload()
    } catch (problem) { reportError(problem) } finally { setIsAsking(false) }
  }
  return (
    <section className="card pad stack" aria-label={`Batch ${id}`}>
      {batch.error && <Note kind="bad">{batch.error.message}</Note>}
      {!data && !batch.error && <Skeleton rows={2} />}
      {data && (
        <>
          <div className="row wrap between"><h2>{id}</h2><span className="soft num" role="status">{over} of {total}{left > 0 && rate > 0 && <> · {rate.toFixed(1)} a second · about {left / rate < 90 ? `${Math.ceil(left / rate)} s` : `${Math.ceil(left / rate / 60)} min`} left</>}</span></div>
          <div className="meter" role="progressbar" aria-label="Progress" aria-valuenow={over} aria-valuemin={0} aria-valuemax={total}>{OVER.map((status) => <span key={status} className={status.toLowerCase()} style={{ width: `${total ? ((statuses[status] ?? 0) / total) * 100 : 0}%` }} />)}</div>
          <div className="row wrap">{Object.entries(statuses).filter(([, count]) => count > 0).map(([status, count]) => <Link key={status} className="btn small" to={`/executions?batch=${seg(id)}&status=${status}`}>{statusWords(status)} <b className="num">{count}</b></Link>)}<Link className="btn small quiet" to={`/executions?batch=${seg(id)}`}>All executions</Link><a className="btn small quiet" download={`${id}.jsonl`} href={`/sluiceway/v1/batches/${seg(id)}/report`}><Icon name="download" size={15} />Report</a>{left > 0 && <Button small icon="stop" onClick={() => setIsAsking(true)}>Cancel the rest</Button>}</div>
        </>
      )}
      {isAsking && <Confirm title="Cancel what is left of this batch?" action="Cancel the rest" danger onClose={() => setIsAsking(false)} onConfirm={cancel}>Rows that have not ended stop before their next step; what they have done stays done. The same batch id again goes on with them.</Confirm>}
    </section>
  )
}

function NewBatch({ onClose }: { onClose: () => void }) {
  const flows = useFlows().data ?? []
  const [flow, setFlow] = useState('')
  const [id, setId] = useState(() => `batch-${new Date().toISOString().slice(0, 16).replace(/[-:T]/g, '')}`)
  const [rows, setRows] = useState<Row[]>([])
  const [name, setName] = useState('')
  const [error, setError] = useState('')
  const [sent, setSent] = useState<number | null>(null)
  const file = useRef<HTMLInputElement>(null)
  const chosen = flow || flows[0]?.id || ''
  const read = async (given: File | undefined) => {
    if (!given) return
    setError('')
    try { setRows(readRows(await given.text(), given.name)); setName(given.name) } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)) }
  }
  const start = async () => {
    setSent(0)
    setError('')
    try {
      for (let at = 0; at < rows.length; at += 500) {
        await post(`/sluiceway/v1/flows/${seg(chosen)}/batches`, { id, rows: rows.slice(at, at + 500), first_row: at + 1 })
        setSent(Math.min(rows.length, at + 500))
      }
      remember(id)
      invalidate('batches')
      onClose()
      navigate(`/batches/${seg(id)}`)
    } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)); setSent(null) }
  }
  return (
    <Dialog title="New batch" onClose={onClose} onSubmit={() => void start()} foot={<><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary" icon="play" busy={sent !== null} disabled={!rows.length || !chosen}>{sent !== null ? `${sent} of ${rows.length}` : rows.length ? `Run ${rows.length} rows` : 'Run'}</Button></>}>
      <div className="stack">
        {error && <Note kind="bad">{error}</Note>}
        <SelectField label="Flow" value={chosen} onChange={setFlow} options={flows.map((one) => [one.id, one.name] as const)} />
        <TextField label="Batch id" value={id} onChange={setId} required pattern="[A-Za-z0-9._\-]+" maxLength={100} className="mono" hint="The same id again goes on where it stopped." />
        <div className="row"><Button icon="file" onClick={() => file.current?.click()}>Choose a file</Button><span className="soft">{name ? `${name}: ${rows.length} rows` : 'CSV with a header line, or JSON Lines'}</span><input ref={file} type="file" hidden accept=".csv,.jsonl,.json,.ndjson" aria-label="File with the rows" onChange={(event) => { void read(event.target.files?.[0]); event.target.value = '' }} /></div>
        {rows[0] && <div className="stack s"><span className="label">The first row</span><pre className="codebox">{JSON.stringify(rows[0], null, 2)}</pre></div>}
      </div>
    </Dialog>
  )
}
