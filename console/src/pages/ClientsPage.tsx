/** API clients: who may use the API and this console, and for what. */
import { useState } from 'react'
import { get, patch, post, remove, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import { useOverview } from '../api/resources.ts'
import type { Client } from '../api/types.ts'
import { useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import { useSession } from '../app/session.tsx'
import { Button, Checkbox, CopyButton, Field, Note, Skeleton, TextField } from '../ui/controls.tsx'
import { Confirm, Dialog } from '../ui/Dialog.tsx'
import { MenuButton } from '../ui/Menu.tsx'
import { reportError, toast } from '../ui/toasts.tsx'

interface Grant { id: string; client_id: string; audience: string; scope: string[] }

export function ClientsPage() {
  useTitle('Clients')
  const { session } = useSession()
  const clients = useQuery('clients/all', () => get<{ clients: Client[] }>('/api/v2/clients', { include_totals: true, per_page: 100 }).then((answer) => answer.clients.filter((one) => !one.global)))
  const grants = useQuery('clients/grants', () => get<Grant[]>('/api/v2/client-grants', { per_page: 100 }))
  const [open, setOpen] = useState<{ kind: 'add' | 'scopes' | 'rotate' | 'delete'; one?: Client } | null>(null)
  const [made, setMade] = useState<Client | null>(null)
  return (
    <Page title="Clients" about="Each has an id and a secret, and the scopes it was granted. They serve the API, real Auth0 clients and signing in here." actions={<Button kind="primary" icon="plus" onClick={() => setOpen({ kind: 'add' })}>New client</Button>}>
      {clients.error && <Note kind="bad">{clients.error.message}</Note>}
      {clients.loading && <Skeleton />}
      {clients.data && (
        <div className="card table-wrap" tabIndex={0} role="region" aria-label="Clients">
          <table className="table">
            <thead><tr><th>Name</th><th>Client id</th><th>May</th><th><span className="sr">Actions</span></th></tr></thead>
            <tbody>{clients.data.map((one) => {
              const grant = grants.data?.find((found) => found.client_id === one.client_id)
              return (
                <tr key={one.client_id}>
                  <td><b className="cell-name">{one.name}</b>{one.client_id === session.client_id && <> <span className="badge accent">you</span></>}{one.description && <div className="muted">{one.description}</div>}</td>
                  <td className="mono soft"><span className="row">{one.client_id}<CopyButton text={one.client_id} label="Copy the client id" /></span></td>
                  <td className="soft num">{grant ? `${grant.scope.length} ${grant.scope.length === 1 ? 'scope' : 'scopes'}` : 'nothing yet'}</td>
                  <td className="actions"><MenuButton label={`More for ${one.name}`} className="icon-btn" items={() => [
                    { label: 'Scopes', icon: 'shield', onSelect: () => setOpen({ kind: 'scopes', one }) },
                    { label: 'New secret', icon: 'retry', onSelect: () => setOpen({ kind: 'rotate', one }) },
                    '-',
                    { label: 'Delete', icon: 'trash', bad: true, disabled: one.client_id === session.client_id, onSelect: () => setOpen({ kind: 'delete', one }) },
                  ]} /></td>
                </tr>
              )
            })}</tbody>
          </table>
        </div>
      )}
      {open?.kind === 'add' && <AddDialog onClose={() => setOpen(null)} onMade={(client) => { setOpen(null); setMade(client) }} />}
      {open?.kind === 'scopes' && open.one && <ScopesDialog client={open.one} grant={grants.data?.find((found) => found.client_id === open.one?.client_id)} onClose={() => setOpen(null)} />}
      {open?.kind === 'rotate' && open.one && <Confirm title={`A new secret for ${open.one.name}?`} action="Make a new secret" danger onClose={() => setOpen(null)} onConfirm={async () => {
        try { setMade(await post<Client>(`/api/v2/clients/${seg(open.one?.client_id ?? '')}/rotate-secret`)) } catch (error) { reportError(error) }
        setOpen(null)
      }}>The secret it has now stops working at once.</Confirm>}
      {open?.kind === 'delete' && open.one && <Confirm title={`Delete ${open.one.name}?`} action="Delete" danger onClose={() => setOpen(null)} onConfirm={async () => {
        try { await remove(`/api/v2/clients/${seg(open.one?.client_id ?? '')}`); invalidate('clients'); toast('Deleted') } catch (error) { reportError(error) }
        setOpen(null)
      }}>Whatever uses its id and secret is refused from then on.</Confirm>}
      {made && (
        <Dialog title={`${made.name}: its secret`} onClose={() => setMade(null)} foot={<Button kind="primary" onClick={() => setMade(null)}>I have kept it</Button>}>
          <div className="stack">
            <Note kind="warn">The secret is shown this once. Only a hash of it is kept.</Note>
            <Field label="Client id">{({ id }) => <div className="row"><input id={id} className="input mono" readOnly value={made.client_id} /><CopyButton text={made.client_id} /></div>}</Field>
            <Field label="Client secret">{({ id }) => <div className="row"><input id={id} className="input mono" readOnly value={made.client_secret ?? ''} /><CopyButton text={made.client_secret ?? ''} /></div>}</Field>
          </div>
        </Dialog>
      )}
    </Page>
  )
}

function AddDialog({ onClose, onMade }: { onClose: () => void; onMade: (client: Client) => void }) {
  const { session } = useSession()
  const overview = useOverview().data
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const [scopes, setScopes] = useState<ReadonlySet<string>>(new Set(session.scopes.filter((scope) => scope.startsWith('read:'))))
  const save = async () => {
    setBusy(true)
    try {
      const client = await post<Client>('/api/v2/clients', { name: name.trim(), app_type: 'non_interactive', grant_types: ['client_credentials'] })
      if (scopes.size && overview) await post('/api/v2/client-grants', { client_id: client.client_id, audience: overview.tenant.audience, scope: [...scopes] })
      invalidate('clients')
      onMade(client)
    } catch (error) { reportError(error); setBusy(false) }
  }
  return (
    <Dialog title="New client" size="wide" onClose={onClose} onSubmit={() => void save()} foot={<><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary" busy={busy} disabled={!name.trim()}>Create</Button></>}>
      <div className="stack"><TextField label="Name" value={name} onChange={setName} autoFocus required maxLength={100} /><Scopes chosen={scopes} onChange={setScopes} /></div>
    </Dialog>
  )
}

function ScopesDialog({ client, grant, onClose }: { client: Client; grant: Grant | undefined; onClose: () => void }) {
  const overview = useOverview().data
  const [scopes, setScopes] = useState<ReadonlySet<string>>(new Set(grant?.scope ?? []))
  const save = async () => {
    try {
      if (grant) await patch(`/api/v2/client-grants/${seg(grant.id)}`, { scope: [...scopes] })
      else await post('/api/v2/client-grants', { client_id: client.client_id, audience: overview?.tenant.audience, scope: [...scopes] })
      invalidate('clients')
      toast('Saved')
      onClose()
    } catch (error) { reportError(error) }
  }
  return <Dialog title={`What ${client.name} may`} size="wide" onClose={onClose} onSubmit={() => void save()} foot={<><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary">Save</Button></>}><Scopes chosen={scopes} onChange={setScopes} /></Dialog>
}

function Scopes({ chosen, onChange }: { chosen: ReadonlySet<string>; onChange: (scopes: ReadonlySet<string>) => void }) {
  const { session } = useSession()
  const groups = new Map<string, string[]>()
  for (const scope of new Set([...session.scopes, ...chosen])) groups.set(scope.split(':')[1] ?? '', [...(groups.get(scope.split(':')[1] ?? '') ?? []), scope])
  return (
    <fieldset className="plain stack s">
      <legend className="label">Scopes</legend>
      <div className="row wrap"><Button small onClick={() => onChange(new Set(session.scopes))}>All</Button><Button small onClick={() => onChange(new Set(session.scopes.filter((scope) => scope.startsWith('read:'))))}>Reading only</Button><Button small onClick={() => onChange(new Set())}>None</Button></div>
      <div className="scope-grid">{[...groups].map(([name, scopes]) => (
        <div key={name} className="scope-row" role="group" aria-label={name}><span className="ellipsis mono">{name}</span>
          <span className="row wrap">{scopes.map((scope) => <Checkbox key={scope} label={<>{scope.split(':')[0]}<span className="sr"> {name}</span></>} checked={chosen.has(scope)} onChange={(on) => { const next = new Set(chosen); if (on) next.add(scope); else next.delete(scope); onChange(next) }} />)}</span></div>
      ))}</div>
    </fieldset>
  )
}
