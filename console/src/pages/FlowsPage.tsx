/** Flows: find, make, copy, bring in and take out. */
import { useMemo, useState } from 'react'
import { get, post, remove, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import { useFlows, useHas } from '../api/resources.ts'
import type { Execution, Flow, JsonObject } from '../api/types.ts'
import { Link, navigate, useLocation, useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import { exportFlow, exportFolder } from '../editor/exporting.ts'
import { Button, Empty, Note, Skeleton, TextField } from '../ui/controls.tsx'
import { Confirm, Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { MenuButton } from '../ui/Menu.tsx'
import { Ago } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { ImportDialog } from './ImportDialog.tsx'

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
      {(flows.data?.length ?? 0) > 0 && <MenuButton label="More for all flows" className="icon-btn" items={() => [
        { label: 'Download all as a deploy-cli folder', icon: 'download', onSelect: () => void exportFolder([], 'deploy-cli') },
        { label: 'Download all for Terraform', icon: 'download', onSelect: () => void exportFolder([], 'terraform') },
      ]} />}
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
                      { label: 'Download as a folder', icon: 'download', onSelect: () => void exportFolder([flow.id], 'deploy-cli') },
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

interface Container { flows: { id: string }[]; forms?: JsonObject; name: string }

/** What would miss a flow: runs that have not ended, batches, and forms that came with it. */
function WhereUsed({ flow }: { flow: Flow }) {
  const waiting = useQuery(`executions/unended/${flow.id}`, () => get<{ executions: Execution[]; next?: string }>('/sluiceway/v1/executions', { flow_id: flow.id, status: ['QUEUED', 'RUNNING', 'DELAYED'], take: 100 }), { fresh: 0 }).data
  const containers = useQuery('flow-imports', () => get<{ imports: Container[] }>('/sluiceway/v1/imports').then((answer) => answer.imports)).data
  const canList = useHas('GET /sluiceway/v1/batches')
  const batches = useQuery(canList ? `batches/of/${flow.id}` : null, () => get<{ batches: { id: string; flow?: { id: string } }[] }>('/sluiceway/v1/batches').then((answer) => answer.batches.filter((one) => one.flow?.id === flow.id))).data
  const forms = (containers ?? []).filter((one) => one.flows.some((member) => member.id === flow.id)).flatMap((one) => Object.keys(one.forms ?? {}).map((form) => (form === 'form' ? one.name : form)))
  const count = waiting?.executions.length ?? 0
  const uses = [
    ...(count ? [`${count}${waiting?.next ? ' or more' : ''} ${count === 1 ? 'execution of it has' : 'executions of it have'} not ended.`] : []),
    ...(batches?.length ? [`Batches ran it: ${batches.slice(0, 5).map((one) => one.id).join(', ')}${batches.length > 5 ? ' …' : ''}.`] : []),
    ...(forms.length ? [`Imported together with the form ${forms.join(', ')}.`] : []),
    flow.executed_at ? `It ran last on ${new Date(flow.executed_at).toLocaleDateString('en', { dateStyle: 'long' })}: whatever starts it will find it gone.` : 'It has never run.',
  ]
  return (
    <div className="stack s">
      <p>Its versions and samples go with it. Records of its executions stay until they are pruned.</p>
      <ul className="plain-list" aria-label="Where it is used">{uses.map((use) => <li key={use}>{use}</li>)}</ul>
    </div>
  )
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
