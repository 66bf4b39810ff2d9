/** Executions of all flows, or of one: filtered, paged, and each in a drawer. */
import { useCallback, useEffect, useState } from 'react'
import { get, seg } from '../api/client.ts'
import { useQuery } from '../api/query.ts'
import { getExecution, useFlows } from '../api/resources.ts'
import type { Execution } from '../api/types.ts'
import { Link, navigate, setQuery, useLocation, useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import { ExecutionActions, ExecutionTitle, ExecutionView, useExecution, type StepTab } from '../run/ExecutionView.tsx'
import { Status, statusWords } from '../run/status.tsx'
import { Button, Empty, IconButton, Note, Select, Skeleton } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { Ago, duration } from '../ui/time.tsx'
import { Search } from './FlowsPage.tsx'
import { ReplayDialog } from './ReplayDialog.tsx'

const STATUSES = ['QUEUED', 'RUNNING', 'DELAYED', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
const SPANS: readonly (readonly [string, string])[] = [['', 'Any time'], ['3600', 'Last hour'], ['86400', 'Last day'], ['604800', 'Last week']]
interface List { executions: Execution[]; next?: string }

export function ExecutionsPage({ flowId, executionId }: { flowId?: string; executionId?: string }) {
  useTitle('Executions')
  const { query } = useLocation()
  const flows = useFlows().data
  const flow = flowId ?? query.get('flow') ?? ''
  const status = query.get('status') ?? ''
  const span = query.get('since') ?? ''
  const batch = query.get('batch') ?? ''
  const asked = query.get('q') ?? ''
  const [text, setText] = useState(asked)
  useEffect(() => setText(asked), [asked])
  const [words, setWords] = useState(text)
  useEffect(() => { const timer = setTimeout(() => setWords(text), 250); return () => clearTimeout(timer) }, [text])
  const [pages, setPages] = useState<string[]>([])
  const from = pages.at(-1)
  const filter = { flow_id: flow, status: status ? [status] : undefined, q: words, batch_id: batch }
  const key = `executions/list/${JSON.stringify([filter, span, from])}`
  useEffect(() => setPages([]), [flow, status, span, words, batch])
  const list = useQuery(key, () => get<List>('/sluiceway/v1/executions', { ...filter, created_from: span ? new Date(Date.now() - Number(span) * 1000).toISOString() : undefined, take: 25, from }), { every: from ? undefined : 4000, fresh: 500 })
  const shown = executionId ?? query.get('execution')
  const base = flowId ? `/flows/${seg(flowId)}/executions` : '/executions'
  const open = (id: string | null) => navigate((id ? `/executions/${seg(id)}` : base) + location.search)
  const openHere = (id: string | null) => (flowId ? setQuery({ execution: id, step: null }) : open(id))
  const name = flows?.find((one) => one.id === flowId)?.name
  return (
    <Page title={flowId ? <span className="row"><Link to={`/flows/${seg(flowId)}`} className="icon-btn" aria-label={`Back to ${name ?? 'the flow'}`} title="Back to the flow"><Icon name="left" /></Link>Executions of {name ?? '…'}</span> : 'Executions'} about={flowId ? undefined : 'Every run of every flow, newest first.'} actions={<Button icon="retry" onClick={list.reload}>Refresh</Button>}>
      <div className="toolbar">
        <Search value={text} onChange={setText} label="Search ids, flows and errors" />
        {!flowId && <div><Select aria-label="Flow" value={flow} onChange={(value) => setQuery({ flow: value })} options={[['', 'All flows'], ...(flows ?? []).map((one) => [one.id, one.name] as const)]} /></div>}
        <div><Select aria-label="Status" value={status} onChange={(value) => setQuery({ status: value })} options={[['', 'Any status'], ...STATUSES.map((one) => [one, statusWords(one)] as const)]} /></div>
        <div><Select aria-label="Time" value={span} onChange={(value) => setQuery({ since: value })} options={SPANS} /></div>
        {batch && <Button small icon="close" onClick={() => setQuery({ batch: null })}>Batch {batch}</Button>}
      </div>
      {list.error && <Note kind="bad">{list.error.message}</Note>}
      {list.loading && <Skeleton />}
      {list.data && list.data.executions.length === 0 && (
        <div className="card">{words || status || span || flow && !flowId
          ? <Empty icon="search" title="None like this" action={<Button onClick={() => { setText(''); setQuery({ status: null, since: null, flow: null, q: null }) }}>Show all</Button>}>No execution fits what you search for.</Empty>
          : <Empty icon="runs" title="Nothing has run yet" action={<Link className="btn primary" to={flowId ? `/flows/${seg(flowId)}` : '/flows'}>{flowId ? 'To the flow' : 'To the flows'}</Link>}>Open a flow and choose Run, or start one from your own code: POST /sluiceway/v1/flows/…/executions.</Empty>}</div>
      )}
      {list.data && list.data.executions.length > 0 && (
        <div className="card table-wrap" tabIndex={0} role="region" aria-label="Executions">
          <table className="table">
            <thead><tr><th>Started</th>{!flowId && <th>Flow</th>}<th className="hide-narrow">Execution</th><th>Status</th><th className="hide-narrow">Took</th></tr></thead>
            <tbody>
              {list.data.executions.map((one) => (
                <tr key={one.id} className={`clickable ${one.id === shown ? 'on' : ''}`} onClick={() => openHere(one.id)}>
                  <td><Link className="title-link" to={flowId ? `${base}?execution=${seg(one.id)}` : `/executions/${seg(one.id)}`} onClick={(event) => event.stopPropagation()}><Ago at={one.created_at} /></Link></td>
                  {!flowId && <td className="soft">{one.flow?.name ? <span className="cell-name">{one.flow.name}</span> : <span className="muted">unsaved flow</span>}</td>}
                  <td className="mono muted hide-narrow">{one.id}</td>
                  <td><Status status={one.status} /></td>
                  <td className="num soft hide-narrow">{one.ended_at ? duration(one.started_at ?? one.created_at, one.ended_at) : ''}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(pages.length > 0 || list.data?.next) && (
        <div className="row end">
          <Button icon="left" disabled={!pages.length} onClick={() => setPages(pages.slice(0, -1))}>Newer</Button>
          <Button disabled={!list.data?.next} onClick={() => { if (list.data?.next) setPages([...pages, list.data.next]) }}>Older<Icon name="right" size={15} /></Button>
        </div>
      )}
      {shown && <ExecutionDrawer id={shown} ids={list.data?.executions.map((one) => one.id) ?? []} onMove={openHere} onClose={() => openHere(null)} />}
    </Page>
  )
}

export function ExecutionDrawer({ id, ids, onMove, onClose }: { id: string; ids: readonly string[]; onMove: (id: string) => void; onClose: () => void }) {
  const load = useCallback((which: string) => getExecution(which), [])
  const { live, error, restart } = useExecution(id, load)
  const { query } = useLocation()
  const [replaying, setReplaying] = useState(false)
  const tab = (query.get('pane') as StepTab | null) ?? 'output'
  const at = ids.indexOf(id)
  const flow = live?.execution.flow
  return (
    <Dialog kind="drawer" title={flow?.name || 'Execution'} onClose={onClose} head={<>
      <IconButton icon="up" label="The one before" disabled={at <= 0} onClick={() => { const before = ids[at - 1]; if (before) onMove(before) }} />
      <IconButton icon="down" label="The next one" disabled={at < 0 || at >= ids.length - 1} onClick={() => { const next = ids[at + 1]; if (next) onMove(next) }} />
    </>}>
      <div className="drawer-run">
        {error && <Note kind="bad">{error}</Note>}
        {!live && !error && <Skeleton />}
        {live && (
          <>
            <div className="row wrap drawer-actions">
              <ExecutionTitle live={live} />
              <span className="grow" />
              {flow?.id && <Link className="btn small" to={`/flows/${seg(flow.id)}?execution=${seg(id)}`}><Icon name="flow" size={15} />Show on the canvas</Link>}
              {flow?.id && <Button small icon="diff" onClick={() => setReplaying(true)}>Replay</Button>}
              <ExecutionActions execution={live.execution} onAgain={(again) => (again === id ? restart() : onMove(again))} onGone={onClose} />
            </div>
            <ExecutionView live={live} step={query.get('step')} tab={tab} onStep={(step) => setQuery({ step })} onTab={(next) => setQuery({ pane: next })} />
          </>
        )}
        {replaying && live && <ReplayDialog execution={live.execution} onClose={() => setReplaying(false)} />}
      </div>
    </Dialog>
  )
}
