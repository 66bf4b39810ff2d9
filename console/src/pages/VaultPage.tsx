/** The vault: connections whose secrets go in and never come out. */
import { useState } from 'react'
import { get, post, remove, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import { useConnections, useHas } from '../api/resources.ts'
import type { Connection } from '../api/types.ts'
import { Link, setQuery, useLocation, useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import { familyTitle, iconOf } from '../editor/look.ts'
import { Button, Empty, Note, Skeleton } from '../ui/controls.tsx'
import { Confirm, Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { MenuButton } from '../ui/Menu.tsx'
import { Ago } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { ConnectionDialog } from './ConnectionDialog.tsx'
import { Search } from './FlowsPage.tsx'

interface Trial { name: string; ok: boolean; message?: string; error?: { message?: string; hint?: string }; took_ms?: number; scopes?: { granted?: string[] | null; needed?: Record<string, string[]>; missing?: string[] | null } | null }

export function VaultPage() {
  useTitle('Vault')
  const connections = useConnections()
  const { query } = useLocation()
  const [text, setText] = useState('')
  const [open, setOpen] = useState<{ kind: 'add' | 'change' | 'empty' | 'delete' | 'rotate'; one?: Connection } | null>(null)
  const [trial, setTrial] = useState<Trial | null>(null)
  const [testing, setTesting] = useState('')
  const canTest = useHas('POST /sluiceway/v1/vault/connections/{id}/test')
  const canRotate = useHas('POST /sluiceway/v1/vault/rotate')
  const shown = (connections.data ?? []).filter((one) => `${one.name} ${one.app_id}`.toLowerCase().includes(text.toLowerCase()))
  const chosen = query.get('connection')
  const test = async (one: Connection) => {
    setTesting(one.id)
    try {
      const result = await post<Trial>(`/sluiceway/v1/vault/connections/${seg(one.id)}/test`)
      if (result.ok) toast(`${one.name} works${result.took_ms ? `: answered in ${result.took_ms} ms` : ''}`, { kind: 'good' })
      else setTrial(result)
    } catch (error) { reportError(error) } finally { setTesting('') }
  }
  const only = (connections.data?.length ?? 0) <= 1
  return (
    <Page title="Vault" about="Credentials that steps use. They are sealed with the vault’s key, shown to nobody, and sent only where they belong." actions={<>
      {canRotate && <Button icon="retry" onClick={() => setOpen({ kind: 'rotate' })}>Rotate the key</Button>}
      <Button kind="primary" icon="plus" onClick={() => setOpen({ kind: 'add' })}>Add connection</Button>
    </>}>
      {!only && <div className="toolbar"><Search value={text} onChange={setText} label="Search connections" /></div>}
      {connections.error && <Note kind="bad">{connections.error.message}</Note>}
      {connections.loading && <Skeleton />}
      {connections.data && (
        <div className="card table-wrap" tabIndex={0} role="region" aria-label="Connections">
          <table className="table">
            <thead><tr><th>Name</th><th className="hide-narrow">App</th><th>State</th><th className="hide-narrow">Changed</th><th><span className="sr">Actions</span></th></tr></thead>
            <tbody>
              {shown.map((one) => (
                <tr key={one.id} className={one.id === chosen ? 'on' : ''}>
                  <td><button type="button" className="btn link title-link" onClick={() => setQuery({ connection: one.id === chosen ? null : one.id })}>{one.name}</button><div className="muted ellipsis cell-id"><span className="only-narrow">{familyTitle(one.app_id)} · </span>{one.id === 'local' ? 'the embedded tenant' : <span className="mono">{one.id}</span>}</div></td>
                  <td className="hide-narrow"><span className="row"><Icon name={iconOf(one.app_id, '')} size={16} />{familyTitle(one.app_id)}</span></td>
                  <td>{one.id === 'local' ? <span className="badge accent">built in</span> : one.ready ? <span className="badge good"><Icon name="check" size={12} />ready</span> : <span className="badge warn">no secrets yet</span>}</td>
                  <td className="soft hide-narrow">{one.updated_at ? <Ago at={one.updated_at} /> : ''}</td>
                  <td className="actions">
                    {!one.ready && one.id !== 'local'
                      ? <Button small kind="quiet" icon="edit" className="hide-narrow" onClick={() => setOpen({ kind: 'change', one })}>Set up</Button>
                      : canTest && <Button small kind="quiet" icon="bolt" className="hide-narrow" busy={testing === one.id} onClick={() => void test(one)}>Test</Button>}
                    <MenuButton label={`More for ${one.name}`} className="icon-btn" items={() => [
                      ...(canTest && (one.ready || one.id === 'local') ? [{ label: 'Test', icon: 'bolt', onSelect: () => void test(one) } as const] : []),
                      { label: 'Where it is used', icon: 'flow', onSelect: () => setQuery({ connection: one.id }) },
                      ...(one.id === 'local' ? [] : [
                        { label: one.ready ? 'Change' : 'Set up', icon: 'edit', onSelect: () => setOpen({ kind: 'change', one }) } as const,
                        { label: 'Empty', icon: 'minus', disabled: !one.ready, onSelect: () => setOpen({ kind: 'empty', one }) } as const,
                        '-' as const,
                        { label: 'Delete', icon: 'trash', bad: true, onSelect: () => setOpen({ kind: 'delete', one }) } as const,
                      ]),
                    ]} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {connections.data && only && <div className="card"><Empty icon="lock" title="Only the embedded tenant so far" action={<Button kind="primary" icon="plus" onClick={() => setOpen({ kind: 'add' })}>Add connection</Button>}>Add a connection to reach a tenant of Auth0, an HTTP service, or another app from your flows.</Empty></div>}
      {chosen && <UsesDialog id={chosen} name={connections.data?.find((one) => one.id === chosen)?.name ?? chosen} onClose={() => setQuery({ connection: null })} />}
      {open?.kind === 'add' && <ConnectionDialog onClose={() => setOpen(null)} onSaved={(saved) => { setOpen(null); toast(`Added ${saved.name}`) }} />}
      {open?.kind === 'change' && open.one && <ConnectionDialog existing={open.one} onClose={() => setOpen(null)} onSaved={(saved) => { setOpen(null); toast(`Saved ${saved.name}`) }} />}
      {open?.kind === 'empty' && open.one && <Confirm title={`Empty ${open.one.name}?`} action="Empty" danger onClose={() => setOpen(null)} onConfirm={() => empty(open.one as Connection).finally(() => setOpen(null))}>Its secrets are forgotten; its name stays, so that flows keep pointing at it. <Uses id={open.one.id} /></Confirm>}
      {open?.kind === 'delete' && open.one && <Confirm title={`Delete ${open.one.name}?`} action="Delete" danger onClose={() => setOpen(null)} onConfirm={() => drop(open.one as Connection).finally(() => setOpen(null))}>Steps that use it will fail. <Uses id={open.one.id} /></Confirm>}
      {open?.kind === 'rotate' && <KeysDialog onClose={() => setOpen(null)} />}
      {trial && <TrialDialog trial={trial} onClose={() => setTrial(null)} />}
    </Page>
  )
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** Why a connection does not work, and what its client would need. */
function TrialDialog({ trial, onClose }: { trial: Trial; onClose: () => void }) {
  const missing = trial.scopes?.missing ?? []
  return (
    <Dialog title={`${trial.name} does not work`} onClose={onClose} foot={<Button kind="primary" onClick={onClose}>Close</Button>}>
      <div className="stack">
        <Note kind="bad"><b>{sentence(trial.message ?? trial.error?.message ?? 'It gave no answer.')}</b> {trial.error?.hint}</Note>
        {missing.length > 0 && <div className="stack s"><span className="label">Scopes it lacks, and the flows that need them</span><dl className="facts">{missing.map((scope) => <div key={scope}><dt className="mono">{scope}</dt><dd>{(trial.scopes?.needed?.[scope] ?? []).join(', ')}</dd></div>)}</dl></div>}
        {trial.took_ms !== undefined && <p className="hint num">Tried for {trial.took_ms} ms.</p>}
      </div>
    </Dialog>
  )
}

interface Rotation { running: boolean; version: number | null; resealed?: number; broken?: unknown[] }
interface Key { version: number; state: string; created_at: string }

/** The keys that seal the vault, and a new one in their place. */
function KeysDialog({ onClose }: { onClose: () => void }) {
  const keys = useQuery('vault-keys', () => get<{ master_key: string; keys: Key[] }>('/sluiceway/v1/vault/keys'))
  const [done, setDone] = useState<Rotation | null>(null)
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const rotate = async () => {
    setBusy(true)
    setError('')
    try {
      setDone(await post<Rotation>('/sluiceway/v1/vault/rotate'))
      keys.reload()
    } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)) } finally { setBusy(false) }
  }
  const broken = done?.broken?.length ?? 0
  return (
    <Dialog title="Rotate the vault’s key?" onClose={onClose} onSubmit={() => void rotate()} foot={done ? <Button kind="primary" onClick={onClose}>Done</Button> : <><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary" icon="retry" busy={busy}>Rotate</Button></>}>
      <div className="stack">
        {error && <Note kind="bad">{error}</Note>}
        {done && <Note kind={broken ? 'bad' : 'good'}>{done.running ? 'Secrets are being sealed anew; it goes on by itself.' : `Key version ${done.version ?? '?'} is in use; ${done.resealed ?? 0} ${done.resealed === 1 ? 'secret was' : 'secrets were'} sealed anew.`}{broken > 0 && ` ${broken} could not be opened: sluiceway vault verify names them.`}</Note>}
        {!done && <p className="soft">A new key is made, and every secret is sealed with it. Flows go on running meanwhile.</p>}
        {keys.data && <dl className="facts">
          {keys.data.keys.map((key) => <div key={key.version}><dt>Key version {key.version}</dt><dd>{key.state.toLowerCase()} · made <Ago at={key.created_at} /></dd></div>)}
          <div><dt>Sealed by</dt><dd className="mono">{keys.data.master_key}</dd></div>
        </dl>}
      </div>
    </Dialog>
  )
}

async function empty(one: Connection) {
  try { await post(`/sluiceway/v1/vault/connections/${seg(one.id)}/empty`); invalidate('vault'); toast(`Emptied ${one.name}`) } catch (error) { reportError(error) }
}

async function drop(one: Connection) {
  try { await remove(`/api/v2/flows/vault/connections/${seg(one.id)}`); invalidate('vault'); toast(`Deleted ${one.name}`) } catch (error) { reportError(error) }
}

interface Use { id: string; name: string; steps?: { id: string; alias?: string | null }[] }
const useUses = (id: string) => useQuery(`vault/${id}/uses`, () => get<{ flows: Use[] }>(`/sluiceway/v1/vault/connections/${seg(id)}/where-used`).then((answer) => answer.flows))

function Uses({ id }: { id: string }) {
  const flows = useUses(id).data
  if (!flows) return null
  return flows.length ? <>Used by {flows.map((flow) => flow.name).join(', ')}.</> : <>No flow uses it.</>
}

function UsesDialog({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const uses = useUses(id)
  return (
    <Dialog title={`Where ${name} is used`} onClose={onClose}>
      {uses.loading && <Skeleton rows={2} />}
      {uses.error && <Note kind="bad">{uses.error.message}</Note>}
      {uses.data?.length === 0 && <p className="soft">No flow uses this connection.</p>}
      <ul className="stack s">{(uses.data ?? []).map((flow) => <li key={flow.id}><Link className="row inline" to={`/flows/${seg(flow.id)}`}><Icon name="flow" size={16} />{flow.name}</Link>{(flow.steps ?? []).map((step) => <div key={step.id} className="use-step"><Link className="inline" to={`/flows/${seg(flow.id)}?action=${seg(step.id)}`}>{step.alias || step.id}</Link></div>)}</li>)}</ul>
    </Dialog>
  )
}
