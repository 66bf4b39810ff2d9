/** Who is signed in. In development, on this machine, the server signs a browser in by itself. */
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react'
import { get, post, remove, setCsrf, whenSignedOut } from '../api/client.ts'
import { forgetAll, invalidate } from '../api/query.ts'
import { Button, Note, TextField } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Mark } from './Mark.tsx'
import { useTitle } from './router.tsx'

export interface Session { client_id: string; scopes: string[]; csrf_token: string }
const Context = createContext<{ session: Session; signOut: () => void } | null>(null)

export function useSession() {
  const found = useContext(Context)
  if (!found) throw new Error('no session')
  return found
}

export function SessionGate({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session | null | undefined>(undefined)
  const [failure, setFailure] = useState('')
  const [isOver, setIsOver] = useState(false)
  const keep = (found: Session | undefined) => {
    setCsrf(found?.csrf_token ?? '')
    setSession(found ?? null)
    setIsOver(false)
  }
  useEffect(() => {
    // What is on show, and what was not saved yet, stays: one signs in again over it.
    whenSignedOut(() => setIsOver(true))
    get<Session | undefined>('/sluiceway/v1/session', { optional: true }).then(keep, (error: Error) => { setFailure(error.message); setSession(null) })
  }, [])
  if (session === undefined) return <div className="splash" role="status" aria-label="Loading"><Mark size={44} /></div>
  if (session === null) return <SignIn failure={failure} onSignedIn={keep} />
  const signOut = () => { void remove('/sluiceway/v1/session').finally(() => { forgetAll(); setSession(null) }) }
  return (
    <Context value={{ session, signOut }}>
      {children}
      {isOver && (
        <Dialog title="Sign in again" isFixed onClose={() => {}}>
          <div className="stack"><Note kind="warn">The session has ended. Nothing on this page is lost.</Note><SignInForm failure="" onSignedIn={(found) => { keep(found); invalidate('') }} /></div>
        </Dialog>
      )}
    </Context>
  )
}

interface SignInProps { failure: string; onSignedIn: (session: Session) => void }

function SignIn({ failure, onSignedIn }: SignInProps) {
  useTitle('Sign in')
  return (
    <main className="sign-in">
      <div className="card sign-in-card stack">
        <div className="brand-line"><Mark size={36} /><span>Sluiceway</span></div>
        <div><h1>Sign in</h1><p className="soft">With the id and secret of an API client.</p></div>
        <SignInForm failure={failure} onSignedIn={onSignedIn} />
      </div>
    </main>
  )
}

function SignInForm({ failure, onSignedIn }: SignInProps) {
  const [id, setId] = useState('')
  const [secret, setSecret] = useState('')
  const [error, setError] = useState(failure)
  const [busy, setBusy] = useState(false)
  const submit = async () => {
    setBusy(true)
    setError('')
    try {
      onSignedIn(await post<Session>('/sluiceway/v1/session', { client_id: id.trim(), client_secret: secret.trim() }))
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem))
    } finally {
      setBusy(false)
    }
  }
  return (
    <form className="stack" onSubmit={(event) => { event.preventDefault(); void submit() }}>
      {error && <Note kind="bad">{error}</Note>}
      <TextField label="Client id" value={id} onChange={setId} required autoFocus autoComplete="username" className="mono" />
      <TextField label="Client secret" type="password" value={secret} onChange={setSecret} required autoComplete="current-password" className="mono" />
      <Button type="submit" kind="primary" busy={busy}>Sign in</Button>
      <p className="hint">The first client’s id and secret are in <code>.sluiceway/client.json</code> beside the database. More are made with <code>sluiceway clients create</code>.</p>
    </form>
  )
}
