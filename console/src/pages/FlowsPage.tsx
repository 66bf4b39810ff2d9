/** Flows: find, make, copy, bring in and take out. */
import { useMemo, useRef, useState } from 'react'
import { get, post, remove, request, seg } from '../api/client.ts'
import { invalidate } from '../api/query.ts'
import { useConnections, useFlows } from '../api/resources.ts'
import type { Flow } from '../api/types.ts'
import { Link, navigate, useLocation, useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import { CodeEditor } from '../code/CodeEditor.tsx'
import { exportFlow } from '../editor/EditorPage.tsx'
import { Button, Empty, Note, Select, Skeleton, TextField } from '../ui/controls.tsx'
import { Confirm, Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { MenuButton } from '../ui/Menu.tsx'
import { Ago } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'

export function FlowsPage({ onTour }: { onTour: () => void }) {
  useTitle('Flows')
  const flows = useFlows()
  const { query } = useLocation()
  const [text, setText] = useState('')
  const [open, setOpen] = useState<'create' | 'import' | null>(query.get('new') === '1' ? 'create' : null)
  const [removing, setRemoving] = useState<Flow | null>(null)
  const shown = useMemo(() => (flows.data ?? []).filter((flow) => `${flow.name} ${flow.id}`.toLowerCase().includes(text.toLowerCase())).sort((one, other) => (other.updated_at ?? '').localeCompare(one.updated_at ?? '')), [flows.data, text])
  const duplicate = async (flow: Flow) => {
    try {
      const whole = await get<Flow>(`/api/v2/flows/${seg(flow.id)}`)
      const made = await post<Flow>('/api/v2/flows', { name: copyName(whole.name, flows.data ?? []), actions: whole.actions })
      invalidate('flows')
      toast(`Made ${made.name}`, { action: { label: 'Open', run: () => navigate(`/flows/${seg(made.id)}`) } })
    } catch (error) { reportError(error) }
  }
  return (
    <Page title="Flows" about="Steps that run one after the other: users, messages, requests, conditions." actions={<>
      <Button icon="upload" onClick={() => setOpen('import')}>Import</Button>
      <Button kind="primary" icon="plus" onClick={() => setOpen('create')}>New flow</Button>
    </>}>
      {(flows.data?.length ?? 0) > 0 && <div className="toolbar"><Search value={text} onChange={setText} label="Search flows" /></div>}
      {flows.error && <Note kind="bad">{flows.error.message}</Note>}
      {flows.loading && <Skeleton />}
      {flows.data?.length === 0 && <div className="card"><Empty icon="flow" title="No flows yet" action={<><Button kind="primary" icon="plus" onClick={() => setOpen('create')}>New flow</Button><Button icon="upload" onClick={() => setOpen('import')}>Import from Auth0</Button><Button kind="quiet" icon="bolt" onClick={onTour}>Take the tour</Button></>}>Build one from nothing, or bring in an export of Auth0’s Dashboard or a deploy-cli folder.</Empty></div>}
      {flows.data && flows.data.length > 0 && (
        <div className="card table-wrap" tabIndex={0} role="region" aria-label="Flows">
          <table className="table">
            <thead><tr><th>Name</th><th className="hide-narrow">Last run</th><th>Changed</th><th><span className="sr">Actions</span></th></tr></thead>
            <tbody>
              {shown.map((flow) => (
                <tr key={flow.id}>
                  <td><Link className="title-link" to={`/flows/${seg(flow.id)}`}>{flow.name}</Link><div className="muted mono ellipsis cell-id">{flow.id}</div></td>
                  <td className="hide-narrow soft">{flow.executed_at ? new Date(flow.executed_at).toLocaleDateString('en', { dateStyle: 'medium' }) : <span className="muted">never</span>}</td>
                  <td className="soft"><Ago at={flow.updated_at} /></td>
                  <td className="actions">
                    <Link className="btn quiet small hide-narrow" to={`/flows/${seg(flow.id)}/executions`}><Icon name="runs" size={15} />Executions</Link>
                    <MenuButton label={`More for ${flow.name}`} className="icon-btn" items={() => [
                      { label: 'Edit', icon: 'edit', onSelect: () => navigate(`/flows/${seg(flow.id)}`) },
                      { label: 'Executions', icon: 'runs', onSelect: () => navigate(`/flows/${seg(flow.id)}/executions`) },
                      { label: 'Duplicate', icon: 'copy', onSelect: () => void duplicate(flow) },
                      { label: 'Export', icon: 'download', onSelect: () => void exportFlow({ flowId: flow.id }) },
                      '-',
                      { label: 'Delete', icon: 'trash', bad: true, onSelect: () => setRemoving(flow) },
                    ]} />
                  </td>
                </tr>
              ))}
              {!shown.length && <tr><td colSpan={4} className="muted">No flow has “{text}” in its name.</td></tr>}
            </tbody>
          </table>
        </div>
      )}
      {open === 'create' && <CreateDialog onClose={() => setOpen(null)} />}
      {open === 'import' && <ImportDialog onClose={() => setOpen(null)} />}
      {removing && (
        <Confirm title={`Delete ${removing.name}?`} action="Delete" danger onClose={() => setRemoving(null)} onConfirm={async () => {
          try { await remove(`/api/v2/flows/${seg(removing.id)}`); invalidate('flows'); toast(`Deleted ${removing.name}`) } catch (error) { reportError(error) }
          setRemoving(null)
        }}><WhereUsed flow={removing} /></Confirm>
      )}
    </Page>
  )
}

function WhereUsed({ flow }: { flow: Flow }) {
  return <>Its versions go with it. Records of its executions stay until they are pruned. {flow.executed_at ? `It ran last on ${new Date(flow.executed_at).toLocaleDateString('en', { dateStyle: 'long' })}: whatever starts it will find it gone.` : 'It has never run.'}</>
}

const copyName = (name: string, flows: readonly Flow[]) => {
  const taken = new Set(flows.map((flow) => flow.name))
  for (let number = 1; ; number++) {
    const made = `${name.slice(0, 138)} (copy${number > 1 ? ` ${number}` : ''})`
    if (!taken.has(made)) return made
  }
}

export function Search({ value, onChange, label }: { value: string; onChange: (value: string) => void; label: string }) {
  return <div className="search"><Icon name="search" size={16} /><input className="input" type="search" aria-label={label} placeholder={label} value={value} onChange={(event) => onChange(event.target.value)} /></div>
}

function CreateDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const create = async () => {
    setBusy(true)
    try {
      const flow = await post<Flow>('/api/v2/flows', { name: name.trim(), actions: [] })
      invalidate('flows')
      navigate(`/flows/${seg(flow.id)}`)
    } catch (error) { reportError(error); setBusy(false) }
  }
  return (
    <Dialog title="New flow" onClose={onClose} onSubmit={() => void create()} foot={<><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary" busy={busy} disabled={!name.trim()}>Create</Button></>}>
      <TextField label="Name" value={name} onChange={setName} autoFocus required maxLength={150} placeholder="Welcome a new customer" />
    </Dialog>
  )
}

interface Imported { flows: Flow[]; missing_connections: { token: string; name: string; app_id: string }[] }

function ImportDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState<Imported | null>(null)
  const file = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const send = async (documents: unknown[]) => {
    setBusy(true)
    setError('')
    const all: Imported = { flows: [], missing_connections: [] }
    try {
      for (const document of documents) {
        const answer = await post<Imported>('/sluiceway/v1/flows/import', document)
        all.flows.push(...answer.flows)
        all.missing_connections.push(...answer.missing_connections)
      }
      setDone(all)
    } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)) } finally { setBusy(false); invalidate('flows') }
  }
  const read = async (files: FileList | null) => {
    const chosen = [...(files ?? [])].filter((one) => one.name.endsWith('.json') && (!one.webkitRelativePath || /(^|\/)flows\/[^/]+\.json$/.test(one.webkitRelativePath)))
    if (!chosen.length) { setError('No flow among these: a deploy-cli folder has flows/*.json.'); return }
    const documents: unknown[] = []
    for (const one of chosen) {
      try { documents.push(JSON.parse(await one.text())) } catch { setError(`${one.name} is no JSON.`); return }
    }
    await send(documents)
  }
  if (done) return <ImportedDialog done={done} onClose={onClose} />
  return (
    <Dialog title="Import flows" size="wide" onClose={onClose} onSubmit={() => {
      try { void send([JSON.parse(text)]) } catch { setError('This is no JSON. Paste the whole export.') }
    }} foot={<><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary" busy={busy} disabled={!text.trim()}>Import</Button></>}>
      <div className="stack">
        {error && <Note kind="bad">{error}</Note>}
        <p className="soft">An export of Auth0’s Dashboard, a flow as JSON, a list of actions, or a deploy-cli folder.</p>
        <div className="row wrap">
          <Button icon="file" onClick={() => file.current?.click()}>Choose files</Button>
          <Button icon="upload" onClick={() => folder.current?.click()}>Choose a folder</Button>
          <input ref={file} type="file" accept=".json,application/json" multiple hidden aria-label="Files to import" onChange={(event) => void read(event.target.files)} />
          <input ref={(input) => { folder.current = input; input?.setAttribute('webkitdirectory', '') }} type="file" hidden aria-label="Folder to import" onChange={(event) => void read(event.target.files)} />
        </div>
        <div className="stack s"><span className="label">Or paste it</span><CodeEditor language="json" label="Export as JSON" value={text} onChange={setText} height="medium" /></div>
      </div>
    </Dialog>
  )
}

function ImportedDialog({ done, onClose }: { done: Imported; onClose: () => void }) {
  const connections = useConnections().data ?? []
  const [choice, setChoice] = useState<Record<string, string>>({})
  const [busy, setBusy] = useState(false)
  const first = done.flows[0]
  const missing = [...new Map(done.missing_connections.map((one) => [one.token, one])).values()]
  const finish = async () => {
    setBusy(true)
    try {
      if (Object.values(choice).some(Boolean)) {
        for (const flow of done.flows) {
          const text = JSON.stringify(flow.actions)
          const actions = JSON.parse(text, (key, value: unknown) => (key === 'connection_id' && typeof value === 'string' && choice[value] ? choice[value] : value)) as unknown
          if (JSON.stringify(actions) !== text) await request('PATCH', `/api/v2/flows/${seg(flow.id)}`, { body: { actions } })
        }
      }
      invalidate('flow')
      onClose()
      if (first && done.flows.length === 1) navigate(`/flows/${seg(first.id)}`)
    } catch (error) { reportError(error); setBusy(false) }
  }
  return (
    <Dialog title={done.flows.length === 1 ? `Imported ${first?.name}` : `Imported ${done.flows.length} flows`} onClose={onClose} onSubmit={() => void finish()} foot={<Button type="submit" kind="primary" busy={busy}>{done.flows.length === 1 ? 'Open the flow' : 'Done'}</Button>}>
      <div className="stack">
        <ul className="stack s">{done.flows.map((flow) => <li key={flow.id} className="row"><Icon name="check" size={15} />{flow.name}</li>)}</ul>
        {missing.length > 0 && <Note kind="warn">An export never holds secrets. Say which connections of this vault to use, now or later in the editor.</Note>}
        {missing.map((one) => (
          <div key={one.token} className="row"><span className="grow ellipsis">{one.name}</span><Icon name="right" size={15} />
            <div className="grow"><Select aria-label={`Connection for ${one.name}`} value={choice[one.token] ?? ''} onChange={(value) => setChoice({ ...choice, [one.token]: value })} options={[['', 'Decide later'], ...connections.filter((connection) => connection.app_id === one.app_id).map((connection) => [connection.id, connection.name] as const)]} /></div>
          </div>
        ))}
      </div>
    </Dialog>
  )
}
