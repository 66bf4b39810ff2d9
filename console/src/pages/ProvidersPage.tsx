/** Who delivers email, text messages and calls; set up, tried, switched off. */
import { useState } from 'react'
import { get, patch, post, remove, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import type { JsonObject, Schema } from '../api/types.ts'
import { Link, useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import { Button, Checkbox, Note, SelectField, Skeleton, TextField } from '../ui/controls.tsx'
import { Confirm, Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { reportError, toast } from '../ui/toasts.tsx'

interface Spec { name: string; title: string; credentials: Schema; configuration?: Schema; settings?: Schema; rate_per_s?: number | null; source?: string }
interface Providers {
  email: { in_force: string; enabled: boolean; provider: JsonObject | null; limits: JsonObject }
  phone: { in_force: string; enabled: boolean; providers: JsonObject[]; limits: JsonObject }
}
type Kind = 'email' | 'phone'

export function ProvidersPage() {
  useTitle('Providers')
  const providers = useQuery('providers/all', () => get<Providers>('/sluiceway/v1/providers'))
  const catalogue = useQuery('providers/catalogue', () => get<Record<Kind, Spec[]>>('/sluiceway/v1/providers/catalogue'), { fresh: 300_000 }).data
  const [open, setOpen] = useState<{ kind: Kind; what: 'edit' | 'try' | 'remove' } | null>(null)
  const data = providers.data
  return (
    <Page title="Providers" about="Who delivers what flows send. Without one, messages are captured and can be read in the outbox.">
      {providers.error && <Note kind="bad">{providers.error.message}</Note>}
      {providers.loading && <Skeleton />}
      {data && (['email', 'phone'] as const).map((kind) => {
        const current = kind === 'email' ? data.email.provider : data.phone.providers[0] ?? null
        const title = catalogue?.[kind].find((spec) => spec.name === data[kind].in_force)?.title ?? data[kind].in_force
        const isOn = data[kind].enabled
        return (
          <section key={kind} className="card pad stack" aria-label={kind === 'email' ? 'Email' : 'Phone'}>
            <div className="row wrap">
              <span className={`step-icon ${isOn ? 'tenant' : ''}`}><Icon name={kind === 'email' ? 'mail' : 'phone'} size={19} /></span>
              <div className="grow"><h2>{kind === 'email' ? 'Email' : 'Text messages and calls'}</h2><p className="soft">{current ? title : 'Captured here, nothing is sent'}{kind === 'email' && current?.['default_from_address'] ? ` · from ${String(current['default_from_address'])}` : ''}</p></div>
              <span className={`badge ${current ? (isOn ? 'good' : 'warn') : 'accent'}`}>{current ? (isOn ? 'in use' : 'switched off') : 'capture'}</span>
            </div>
            <div className="row wrap">
              <Button icon="edit" onClick={() => setOpen({ kind, what: 'edit' })}>{current ? 'Change' : 'Set up a provider'}</Button>
              <Button icon="bolt" onClick={() => setOpen({ kind, what: 'try' })}>Send a test</Button>
              {current && <Button icon="stop" onClick={() => void toggle(kind, current, !isOn)}>{isOn ? 'Switch off' : 'Switch on'}</Button>}
              {current && <Button kind="quiet" icon="trash" onClick={() => setOpen({ kind, what: 'remove' })}>Remove</Button>}
            </div>
            {current && <dl className="facts">{Object.entries({ ...(current['credentials'] as JsonObject | undefined), ...(current['configuration'] as JsonObject | undefined) }).map(([name, value]) => <div key={name}><dt>{words(name)}</dt><dd>{Array.isArray(value) ? value.join(', ') : String(value)}</dd></div>)}<div><dt>Secrets</dt><dd><span className="masked"><Icon name="lock" size={11} />masked</span></dd></div></dl>}
          </section>
        )
      })}
      {open?.what === 'edit' && data && catalogue && <EditDialog kind={open.kind} specs={catalogue[open.kind].filter((spec) => spec.name !== 'capture')} current={open.kind === 'email' ? data.email.provider : data.phone.providers[0] ?? null} onClose={() => setOpen(null)} />}
      {open?.what === 'try' && <TryDialog kind={open.kind} onClose={() => setOpen(null)} />}
      {open?.what === 'remove' && data && <Confirm title="Remove the provider?" action="Remove" danger onClose={() => setOpen(null)} onConfirm={async () => {
        try {
          await remove(open.kind === 'email' ? '/api/v2/emails/provider' : `/api/v2/branding/phone/providers/${seg(String(data.phone.providers[0]?.['id']))}`)
          changed()
        } catch (error) { reportError(error) }
        setOpen(null)
      }}>Its credentials are forgotten. From then on messages are captured here.</Confirm>}
    </Page>
  )
}

const changed = () => { invalidate('providers'); invalidate('overview') }
const SPELLED: Record<string, string> = { smtp: 'SMTP', api: 'API', id: 'ID', url: 'URL', sid: 'SID', pass: 'password', aws: 'AWS', mssid: 'Messaging Service SID' }
/** A name of the wire as people write it: `smtp_host` is SMTP host. */
const words = (name: string) => name.replaceAll('_', ' ').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase().split(' ').map((word) => SPELLED[word] ?? word).join(' ').replace(/^./, (first) => first.toUpperCase())
const isSecret = (name: string) => /key|secret|pass|token|connectionString/i.test(name) && name !== 'accessKeyId'

async function toggle(kind: Kind, current: JsonObject, on: boolean) {
  try {
    if (kind === 'email') await patch('/api/v2/emails/provider', { enabled: on })
    else await patch(`/api/v2/branding/phone/providers/${seg(String(current['id']))}`, { disabled: !on })
    changed()
    toast(on ? 'Switched on' : 'Switched off')
  } catch (error) { reportError(error) }
}

function EditDialog({ kind, specs, current, onClose }: { kind: Kind; specs: readonly Spec[]; current: JsonObject | null; onClose: () => void }) {
  const [name, setName] = useState(String(current?.['name'] ?? specs.find((spec) => spec.name === (kind === 'email' ? 'smtp' : 'twilio'))?.name ?? specs[0]?.name ?? ''))
  const isSame = current?.['name'] === name
  const known = isSame ? { ...(current?.['credentials'] as JsonObject | undefined), ...(current?.['configuration'] as JsonObject | undefined) } : {}
  const [values, setValues] = useState<Record<string, string>>({})
  const [from, setFrom] = useState(String(current?.['default_from_address'] ?? ''))
  const [methods, setMethods] = useState<string[]>(() => { const found = (current?.['configuration'] as JsonObject | undefined)?.['delivery_methods']; return Array.isArray(found) ? found.map(String) : ['text', 'voice'] })
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const spec = specs.find((one) => one.name === name)
  const value = (field: string) => values[field] ?? (known[field] === undefined || known[field] === null ? '' : String(known[field]))
  const read = (schema: Schema | undefined) => {
    const result: JsonObject = {}
    for (const [field, part] of Object.entries(schema?.properties ?? {})) {
      if (field === 'delivery_methods') { result[field] = methods; continue }
      const text = value(field)
      if (text === '' && isSecret(field) && isSame) continue
      if (text === '') { if (!schema?.required?.includes(field)) continue }
      result[field] = part.type === 'integer' ? Number(text) : text
    }
    return result
  }
  const save = async () => {
    setBusy(true)
    setError('')
    try {
      if (kind === 'email') {
        const body = { name, enabled: true, ...(from ? { default_from_address: from } : {}), credentials: read(spec?.credentials) }
        await (current ? patch('/api/v2/emails/provider', body) : post('/api/v2/emails/provider', body))
      } else {
        const credentials = read(spec?.credentials)
        const body = { name, disabled: false, configuration: read(spec?.configuration), ...(Object.keys(credentials).length || !isSame ? { credentials } : {}) }
        await (current ? patch(`/api/v2/branding/phone/providers/${seg(String(current['id']))}`, body) : post('/api/v2/branding/phone/providers', body))
      }
      changed()
      toast(`${spec?.title ?? name} is in use`)
      onClose()
    } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)) } finally { setBusy(false) }
  }
  const fields = [...Object.entries(spec?.credentials.properties ?? {}).map(([field, part]) => [field, part, spec?.credentials.required?.includes(field)] as const), ...Object.entries(spec?.configuration?.properties ?? {}).map(([field, part]) => [field, part, spec?.configuration?.required?.includes(field)] as const)]
  return (
    <Dialog title={kind === 'email' ? 'Email provider' : 'Phone provider'} onClose={onClose} onSubmit={() => void save()} foot={<><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary" busy={busy}>Save</Button></>}>
      <div className="stack">
        {error && <Note kind="bad">{error}</Note>}
        <SelectField label="Provider" value={name} onChange={(next) => { setName(next); setValues({}) }} options={specs.map((one) => [one.name, one.title] as const)} />
        {kind === 'email' && <TextField label="Default sender" value={from} onChange={setFrom} placeholder="Harbour Coffee <hello@example.com>" hint="Steps that set no sender of their own use this address." />}
        {fields.map(([field, part, required]) => {
          if (field === 'delivery_methods') return <fieldset key={field} className="plain stack s"><legend className="label">Delivers</legend>{['text', 'voice'].map((method) => <Checkbox key={method} label={method === 'text' ? 'Text messages' : 'Calls'} checked={methods.includes(method)} onChange={(on) => setMethods(on ? [...methods, method] : methods.filter((one) => one !== method))} />)}</fieldset>
          if (part.enum) return <SelectField key={field} label={words(field)} value={value(field)} onChange={(text) => setValues({ ...values, [field]: text })} options={[['', 'Usual'], ...part.enum.filter((one) => one !== null).map((one) => [String(one), String(one)] as const)]} />
          return <TextField key={field} label={words(field)} required={Boolean(required) && !(isSame && isSecret(field))} type={isSecret(field) ? 'password' : part.type === 'integer' ? 'number' : 'text'} value={value(field)} onChange={(text) => setValues({ ...values, [field]: text })} placeholder={isSame && isSecret(field) ? 'Stored. Leave empty to keep it.' : undefined} autoComplete="off" />
        })}
      </div>
    </Dialog>
  )
}

interface Result { ok: boolean; provider?: string; receipt?: string; took_ms: number; error?: { message?: string; hint?: string; code?: string }; retryable?: boolean }

function TryDialog({ kind, onClose }: { kind: Kind; onClose: () => void }) {
  const [to, setTo] = useState('')
  const [method, setMethod] = useState('text')
  const [result, setResult] = useState<Result | null>(null)
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const send = async () => {
    setBusy(true)
    setError('')
    setResult(null)
    try { setResult(await post<Result>(`/sluiceway/v1/providers/${kind}/try`, { to: to.trim(), ...(kind === 'phone' ? { delivery_method: method } : {}) })) } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)) } finally { setBusy(false) }
  }
  return (
    <Dialog title="Send a test message" onClose={onClose} onSubmit={() => void send()} foot={<><Button onClick={onClose}>Close</Button><Button type="submit" kind="primary" icon="bolt" busy={busy} disabled={!to.trim()}>Send</Button></>}>
      <div className="stack">
        {error && <Note kind="bad">{error}</Note>}
        {result && (result.ok
          ? <Note kind="good">{result.provider === 'capture' ? <>Captured, not sent: no provider is set up. It would have taken the message.</> : <>Taken by {result.provider} in {result.took_ms} ms{result.receipt ? <>: <code>{result.receipt}</code></> : ''}.</>}</Note>
          : <Note kind="bad"><b>{result.error?.message}</b> {result.error?.hint} {result.retryable && 'Trying again may help.'}</Note>)}
        <TextField label={kind === 'email' ? 'Address' : 'Number'} value={to} onChange={setTo} autoFocus required placeholder={kind === 'email' ? 'you@example.com' : '+12025550123'} />
        {kind === 'phone' && <SelectField label="As" value={method} onChange={setMethod} options={[['text', 'Text message'], ['voice', 'Call']]} />}
        <p className="hint">It goes out at once and is not listed in the <Link to="/outbox">outbox</Link>.</p>
      </div>
    </Dialog>
  )
}
