/** Users of the embedded tenant: what flows read and change. */
import { useEffect, useState } from 'react'
import { get, patch, post, remove, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import type { Json, JsonObject, User } from '../api/types.ts'
import { Link, navigate, useLocation, useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import { CodeEditor } from '../code/CodeEditor.tsx'
import { showJson } from '../flow/jsonText.ts'
import { Button, Checkbox, CopyButton, Empty, Note, SelectField, Skeleton, TextField } from '../ui/controls.tsx'
import { Confirm, Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { JsonView } from '../ui/Json.tsx'
import { Ago } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { Search } from './FlowsPage.tsx'

const PER_PAGE = 25

export function UsersPage({ userId }: { userId?: string }) {
  useTitle('Users')
  const { query } = useLocation()
  const asked = query.get('q') ?? ''
  const [text, setText] = useState(asked)
  const [words, setWords] = useState(asked)
  useEffect(() => setText(asked), [asked])
  const [page, setPage] = useState(0)
  const [adding, setAdding] = useState(false)
  useEffect(() => { const timer = setTimeout(() => { setWords(text.trim()); setPage(0) }, 250); return () => clearTimeout(timer) }, [text])
  const escaped = words.replace(/[+\-&|!(){}[\]^"~*?:\\/ ]/g, '\\$&')
  const q = words ? `email:*${escaped}* OR name:*${escaped}* OR user_id:"${words.replaceAll('"', '\\"')}"` : undefined
  const list = useQuery(`users/list/${words}/${page}`, () => get<{ users: User[]; total: number }>('/api/v2/users', { per_page: PER_PAGE, page, include_totals: true, ...(q ? { q, search_engine: 'v3' } : {}) }))
  const users = list.data?.users ?? []
  return (
    <Page title="Users" about="Of the embedded tenant, which flows reach as the connection local." actions={<Button kind="primary" icon="plus" onClick={() => setAdding(true)}>Add user</Button>}>
      <div className="toolbar"><Search value={text} onChange={setText} label="Search by email, name or id" />{list.data && <span className="muted num">{list.data.total} {list.data.total === 1 ? 'user' : 'users'}</span>}</div>
      {list.error && <Note kind="bad">{list.error.message}</Note>}
      {list.loading && <Skeleton />}
      {list.data && !users.length && <div className="card">{words ? <Empty icon="search" title="Nobody like this">No user’s email, name or id has “{words}”.</Empty> : <Empty icon="users" title="No users yet" action={<Button kind="primary" icon="plus" onClick={() => setAdding(true)}>Add user</Button>}>Add one by hand, or let a flow create them.</Empty>}</div>}
      {users.length > 0 && (
        <div className="card table-wrap" tabIndex={0} role="region" aria-label="Users">
          <table className="table">
            <thead><tr><th>User</th><th className="hide-narrow">Connection</th><th className="hide-narrow">Id</th><th className="hide-narrow">Created</th></tr></thead>
            <tbody>{users.map((user) => (
              <tr key={user.user_id} className="clickable" onClick={() => navigate(`/users/${seg(user.user_id)}`)}>
                <td><span className="row"><span className="avatar" aria-hidden="true">{initialOf(user.name || user.email || '')}</span><span className="grow"><Link className="title-link" to={`/users/${seg(user.user_id)}`} onClick={(event) => event.stopPropagation()}>{user.name || user.email || user.phone_number || user.user_id}</Link><div className="muted"><span className="cell-name">{user.email}</span>{user.blocked && <> <span className="badge warn">blocked</span></>}</div></span></span></td>
                <td className="soft hide-narrow">{user.identities?.[0]?.connection}</td>
                <td className="mono muted hide-narrow">{user.user_id}</td>
                <td className="soft hide-narrow"><Ago at={user.created_at} /></td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
      {(list.data?.total ?? 0) > PER_PAGE && <div className="row end"><Button icon="left" disabled={page === 0} onClick={() => setPage(page - 1)}>Back</Button><span className="muted num">{page + 1} of {Math.ceil((list.data?.total ?? 0) / PER_PAGE)}</span><Button disabled={(page + 1) * PER_PAGE >= (list.data?.total ?? 0)} onClick={() => setPage(page + 1)}>Next<Icon name="right" size={15} /></Button></div>}
      {userId && <UserDrawer key={userId} id={userId} onClose={() => navigate('/users')} />}
      {adding && <AddDialog onClose={() => setAdding(false)} />}
    </Page>
  )
}

/** The first letter, figure or picture: a name may begin with a mark that shows nothing. */
const initialOf = (name: string) => (/[\p{L}\p{N}\p{Extended_Pictographic}]/u.exec(name)?.[0] ?? '?').toUpperCase()

function UserDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const user = useQuery(`users/one/${id}`, () => get<User>(`/api/v2/users/${seg(id)}`), { fresh: 0 })
  const [editing, setEditing] = useState(false)
  const [asking, setAsking] = useState(false)
  const one = user.data
  const change = async (body: JsonObject) => {
    try { await patch(`/api/v2/users/${seg(id)}`, body); invalidate('users'); toast('Saved'); setEditing(false) } catch (error) { reportError(error) }
  }
  return (
    <Dialog kind="drawer" title={one?.name ?? one?.email ?? 'User'} onClose={onClose}>
      <div className="drawer-page stack">
        {user.error && <Note kind="bad">{user.error.message}</Note>}
        {user.loading && <Skeleton />}
        {one && (
          <>
            <div className="row wrap"><Button icon="edit" onClick={() => setEditing(!editing)}>{editing ? 'Leave as it is' : 'Edit'}</Button><Button icon={one.blocked ? 'check' : 'stop'} onClick={() => void change({ blocked: !one.blocked })}>{one.blocked ? 'Unblock' : 'Block'}</Button><Button kind="quiet" icon="trash" onClick={() => setAsking(true)}>Delete</Button></div>
            <dl className="facts">
              <div><dt>Id</dt><dd className="mono row">{one.user_id}<CopyButton text={one.user_id} label="Copy the id" /></dd></div>
              {one.email && <div><dt>Email</dt><dd>{one.email} <span className={`badge ${one['email_verified'] ? 'good' : 'warn'}`}>{one['email_verified'] ? 'verified' : 'not verified'}</span></dd></div>}
              {one.phone_number && <div><dt>Phone</dt><dd>{one.phone_number}</dd></div>}
              <div><dt>Connection</dt><dd>{one.identities?.map((identity) => identity.connection).join(', ')}</dd></div>
              <div><dt>Created</dt><dd><Ago at={one.created_at} /></dd></div>
              {one.last_login && <div><dt>Last login</dt><dd><Ago at={one.last_login} /></dd></div>}
              {one.blocked && <div><dt>State</dt><dd><span className="badge warn">blocked</span></dd></div>}
            </dl>
            {editing ? <EditForm user={one} onSave={change} /> : <JsonView label="User" value={one} />}
          </>
        )}
        {asking && one && <Confirm title={`Delete ${one.email ?? one.user_id}?`} action="Delete" danger onClose={() => setAsking(false)} onConfirm={async () => {
          try { await remove(`/api/v2/users/${seg(id)}`); invalidate('users'); toast('Deleted'); onClose() } catch (error) { reportError(error); setAsking(false) }
        }}>Flows that look this user up will find nobody.</Confirm>}
      </div>
    </Dialog>
  )
}

function EditForm({ user, onSave }: { user: User; onSave: (body: JsonObject) => Promise<void> }) {
  const [name, setName] = useState(user.name ?? '')
  const [verified, setVerified] = useState(user['email_verified'] === true)
  const [texts, setTexts] = useState({ user_metadata: showJson(user['user_metadata'] ?? {}), app_metadata: showJson(user['app_metadata'] ?? {}) })
  const [error, setError] = useState('')
  const save = () => {
    const body: JsonObject = {}
    if (name !== (user.name ?? '')) body['name'] = name
    if (verified !== (user['email_verified'] === true)) body['email_verified'] = verified
    for (const key of ['user_metadata', 'app_metadata'] as const) {
      let next: Json
      try { next = JSON.parse(texts[key] || '{}') as Json } catch { setError(`${key} is no JSON.`); return }
      const before = (user[key] ?? {}) as JsonObject
      if (JSON.stringify(next) === JSON.stringify(before) || typeof next !== 'object' || next === null || Array.isArray(next)) continue
      // Metadata is merged key by key: what went must be named with null.
      body[key] = { ...Object.fromEntries(Object.keys(before).filter((name_) => !(name_ in (next as JsonObject))).map((name_) => [name_, null])), ...next }
    }
    setError('')
    void onSave(body)
  }
  return (
    <form className="stack" onSubmit={(event) => { event.preventDefault(); save() }}>
      {error && <Note kind="bad">{error}</Note>}
      <TextField label="Name" value={name} onChange={setName} />
      <Checkbox label="The email is verified" checked={verified} onChange={setVerified} />
      {(['user_metadata', 'app_metadata'] as const).map((key) => <div key={key} className="stack s"><span className="label mono">{key}</span><CodeEditor language="json" label={key} value={texts[key]} onChange={(text) => setTexts({ ...texts, [key]: text })} height="small" /></div>)}
      <div className="row end"><Button type="submit" kind="primary">Save</Button></div>
    </form>
  )
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const connections = useQuery('tenant/connections', () => get<{ name: string; strategy: string }[]>('/api/v2/connections', { per_page: 100 })).data
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [password, setPassword] = useState(() => `${crypto.randomUUID().slice(0, 13)}-Aa1!`)
  const [connection, setConnection] = useState('Username-Password-Authentication')
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    setError('')
    try {
      const user = await post<User>('/api/v2/users', { connection, email: email.trim(), password, ...(name.trim() ? { name: name.trim() } : {}) })
      invalidate('users')
      toast('Added')
      onClose()
      navigate(`/users/${seg(user.user_id)}`)
    } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)); setBusy(false) }
  }
  return (
    <Dialog title="Add a user" onClose={onClose} onSubmit={() => void save()} foot={<><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary" busy={busy} disabled={!email.trim()}>Add user</Button></>}>
      <div className="stack">
        {error && <Note kind="bad">{error}</Note>}
        <TextField label="Email" type="email" value={email} onChange={setEmail} required autoFocus />
        <TextField label="Name" value={name} onChange={setName} />
        <TextField label="Password" value={password} onChange={setPassword} required className="mono" hint="Made up for you; change it if you like." />
        <SelectField label="Connection" value={connection} onChange={setConnection} options={(connections ?? [{ name: connection, strategy: 'auth0' }]).filter((one) => one.strategy === 'auth0').map((one) => [one.name, one.name] as const)} />
      </div>
    </Dialog>
  )
}
