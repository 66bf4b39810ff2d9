/** What this server is, how it stands, and who changed what. */
import { useState } from 'react'
import { get, post } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import { useOverview } from '../api/resources.ts'
import { Link, useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import { useSession } from '../app/session.tsx'
import { setTheme, useTheme } from '../app/theme.ts'
import { Button, CopyButton, Note, Segmented, Skeleton } from '../ui/controls.tsx'
import { Confirm } from '../ui/Dialog.tsx'
import { Ago } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { said } from './audit.ts'
import { statusWords } from '../run/status.tsx'

interface Entry { seq: number; at: string; actor: string; action: string; target: string }

export function SettingsPage() {
  useTitle('Settings')
  const overview = useOverview()
  const { session, signOut } = useSession()
  const theme = useTheme()
  const audit = useQuery('audit', () => get<{ entries: Entry[] }>('/sluiceway/v1/audit', { take: 30 }).then((answer) => answer.entries))
  const data = overview.data
  return (
    <Page title="Settings" about="This server, this browser, and the latest changes.">
      {overview.error && <Note kind="bad">{overview.error.message}</Note>}
      {!data && !overview.error && <Skeleton />}
      {data && (
        <div className="settings-grid">
          <section className="card pad stack s"><h2>Server</h2><dl className="facts">
            <div><dt>Version</dt><dd>{data.version}</dd></div>
            <div><dt>Tenant</dt><dd>{data.tenant.friendly_name ?? data.tenant.name}</dd></div>
            <div><dt>Domain</dt><dd className="mono row">{data.tenant.domain}<CopyButton text={data.tenant.domain} label="Copy the domain" /></dd></div>
            <div><dt>Audience</dt><dd className="mono row">{data.tenant.audience}<CopyButton text={data.tenant.audience} label="Copy the audience" /></dd></div>
            <div><dt>Mode</dt><dd>{data.is_development ? 'development: this machine is signed in by itself' : 'production'}</dd></div>
          </dl><p className="hint">Set in <code>sluiceway.toml</code> or the environment; <code>sluiceway doctor</code> says where each value comes from.</p></section>
          <section className="card pad stack"><h2>This browser</h2>
            <div className="row between wrap"><span>Theme</span><Segmented label="Theme" value={theme} onChange={setTheme} options={[{ value: 'light', label: 'Light', icon: 'sun' }, { value: 'system', label: 'System', icon: 'auto' }, { value: 'dark', label: 'Dark', icon: 'moon' }]} /></div>
            <div className="row between wrap"><span className="ellipsis">Signed in as <code>{session.client_id}</code></span><Button small icon="signout" onClick={signOut}>Sign out</Button></div>
            <p className="hint">{session.scopes.length} scopes. A session lasts twelve hours.</p>
          </section>
          <section className="card pad stack s"><h2>How it stands</h2><dl className="facts">
            {Object.values({ ...data.counts.executions, ...data.counts.outbox }).every((count) => !count) && <p className="muted">Nothing has run yet.</p>}
            {Object.entries(data.counts.executions).filter(([, count]) => count > 0).map(([status, count]) => <div key={status}><dt>{statusWords(status)}</dt><dd className="num">{count} {count === 1 ? 'execution' : 'executions'}</dd></div>)}
            {Object.entries(data.counts.outbox).filter(([, count]) => count > 0).map(([status, count]) => <div key={status}><dt>{statusWords(status)}</dt><dd className="num">{count} {count === 1 ? 'message' : 'messages'}</dd></div>)}
          </dl><p className="hint">More numbers for Prometheus at <a className="inline" href="/metrics">/metrics</a>.</p></section>
          <TenantCard />
        </div>
      )}
      <section className="stack s"><h2>Latest changes</h2>
        {audit.error && <Note kind="warn">{audit.error.message}</Note>}
        {audit.data && (
          <div className="card table-wrap" tabIndex={0} role="region" aria-label="Latest changes"><table className="table">
            <thead><tr><th>When</th><th>Who</th><th>What</th></tr></thead>
            <tbody>{audit.data.map((entry) => <tr key={entry.seq}><td className="soft"><Ago at={entry.at} /></td><td className="mono muted">{entry.actor.replace('client:', '').slice(0, 14)}</td><td><What entry={entry} /></td></tr>)}{!audit.data.length && <tr><td colSpan={3} className="muted">Nothing has been changed yet.</td></tr>}</tbody>
          </table></div>
        )}
      </section>
    </Page>
  )
}

function What({ entry }: { entry: Entry }) {
  const found = said(entry.action, entry.target)
  if (!found) return <span className="mono">{entry.action.split(' ')[0]} {entry.target}</span>
  const title = `${entry.action.split(' ')[0] ?? ''} ${entry.target}`
  return found.to ? <Link to={found.to} title={title}>{found.words}</Link> : <span title={title}>{found.words}</span>
}

/** The tenant inside this server: filled with samples, or emptied. */
function TenantCard() {
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const refreshed = () => { invalidate('users'); invalidate('flows'); invalidate('overview'); invalidate('audit'); invalidate('providers') }
  const addSamples = async () => {
    setBusy(true)
    try {
      const { added } = await post<{ added: boolean }>('/sluiceway/v1/tenant/samples')
      toast(added ? 'Added the sample users and the sample flow' : 'Nothing was added: samples go into an empty tenant only. Reset it first.', { kind: added ? 'good' : 'bad' })
      refreshed()
    } catch (error) { reportError(error) } finally { setBusy(false) }
  }
  return (
    <section className="card pad stack"><h2>Embedded tenant</h2>
      <p className="soft">Flows reach it as the connection <code>local</code>. Its users are under <Link className="inline" to="/users">Users</Link>.</p>
      <div className="row wrap"><Button small icon="plus" busy={busy} onClick={() => void addSamples()}>Add sample data</Button><Button small icon="trash" onClick={() => setAsking(true)}>Reset it</Button></div>
      {asking && <Confirm title="Reset the embedded tenant?" action="Reset" danger type="reset" onClose={() => setAsking(false)} onConfirm={async () => {
        try { const { deleted } = await post<{ deleted: number }>('/sluiceway/v1/tenant/reset'); toast(`Deleted ${deleted} ${deleted === 1 ? 'object' : 'objects'}`); refreshed() } catch (error) { reportError(error) }
        setAsking(false)
      }}>Its users, roles, organizations, templates and providers are deleted for good. Flows, the vault, executions and clients stay.</Confirm>}
    </section>
  )
}
