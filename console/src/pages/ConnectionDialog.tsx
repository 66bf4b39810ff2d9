/** Make a vault connection, or change one: its secrets go in and never come out. */
import { useState } from 'react'
import { get, patch, post, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import type { Connection } from '../api/types.ts'
import { Button, Field, Note, SelectField, Skeleton, TextField } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { familyTitle } from '../editor/look.ts'

/** What the server takes for each app; forms are drawn from it. */
interface SetupField { name: string; title: string; tip: string; required: boolean; secret: boolean; multiline: boolean; choices: string[] | null }
interface SetupKind { type: string; title: string; tip: string; fields: SetupField[] }
type Apps = Record<string, SetupKind[]>

const useApps = () => useQuery('vault-apps', () => get<{ apps: Apps }>('/sluiceway/v1/vault/apps').then((answer) => answer.apps), { fresh: 300_000 })

/** The app most want comes first. */
const inOrder = (apps: Apps) => Object.keys(apps).sort((one, other) => Number(other === 'AUTH0') - Number(one === 'AUTH0') || Number(other === 'HTTP') - Number(one === 'HTTP') || familyTitle(one).localeCompare(familyTitle(other)))

export function ConnectionDialog({ appId, existing, onClose, onSaved }: { appId?: string; existing?: Connection; onClose: () => void; onSaved: (connection: Connection) => void }) {
  const apps = useApps()
  const [app, setApp] = useState(existing?.app_id ?? appId ?? 'AUTH0')
  const [name, setName] = useState(existing?.name ?? '')
  const kinds = apps.data?.[app] ?? []
  const [type, setType] = useState('')
  const kind = kinds.find((one) => one.type === type) ?? kinds[0]
  const [values, setValues] = useState<Record<string, string>>({})
  const [later, setLater] = useState(false)
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const isFilled = kind?.fields.some((field) => values[field.name]) ?? false
  const isSetUp = existing ? isFilled : !later
  const valueOf = (field: SetupField) => values[field.name] ?? (isSetUp ? field.choices?.[0] : undefined) ?? ''
  const save = async () => {
    setBusy(true)
    setError('')
    const setup: Record<string, string> = { type: kind?.type ?? '' }
    for (const field of kind?.fields ?? []) if (valueOf(field)) setup[field.name] = valueOf(field)
    try {
      const body = { name: name.trim(), ...(isSetUp ? { setup } : {}) }
      const saved = existing
        ? await patch<Connection>(`/api/v2/flows/vault/connections/${seg(existing.id)}`, body)
        : await post<Connection>('/api/v2/flows/vault/connections', { ...body, app_id: app })
      invalidate('vault')
      onSaved(saved)
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem))
    } finally { setBusy(false) }
  }
  return (
    <Dialog title={existing ? (existing.ready ? `Change ${existing.name}` : `Set up ${existing.name}`) : 'Add a vault connection'} onClose={onClose} onSubmit={() => void save()} foot={<>
      <Button onClick={onClose}>Cancel</Button>
      <Button type="submit" kind="primary" busy={busy} disabled={!name.trim() || !apps.data}>{existing ? 'Save' : 'Add connection'}</Button>
    </>}>
      <div className="stack">
        {error && <Note kind="bad">{error}</Note>}
        {apps.error && <Note kind="bad">{apps.error.message}</Note>}
        {!existing && <SelectField label="App" value={app} onChange={(next) => { setApp(next); setType(''); setValues({}) }} options={(apps.data ? inOrder(apps.data) : [app]).map((one) => [one, familyTitle(one)] as const)} />}
        <TextField label="Name" required value={name} onChange={setName} maxLength={150} hint="How flows and people call it." />
        {!existing && (
          <fieldset className="plain stack s"><legend className="label">Secrets</legend>
            <label className="check"><input type="radio" name="when" checked={!later} onChange={() => setLater(false)} /><span>Put them in now</span></label>
            <label className="check"><input type="radio" name="when" checked={later} onChange={() => setLater(true)} /><span>Leave it empty<small>The name is there for flows; whoever has the secrets sets it up later.</small></span></label>
          </fieldset>
        )}
        {apps.loading && <Skeleton rows={3} />}
        {!later && kinds.length > 1 && <SelectField label="Kind" value={kind?.type ?? ''} onChange={(next) => { setType(next); setValues({}) }} options={kinds.map((one) => [one.type, one.title] as const)} />}
        {!later && kind?.tip && <Note kind="warn">{kind.tip}</Note>}
        {existing?.ready && <Note>Leave the fields below empty to keep what is stored. Fill them in to replace it as a whole.</Note>}
        {!later && kind?.fields.map((field) => <SetupInput key={field.name} field={field} isRequired={field.required && (!existing || isFilled)} value={valueOf(field)} onChange={(value) => setValues({ ...values, [field.name]: value })} />)}
        {!later && <p className="hint">Secrets are sealed with the vault’s key. They are never shown again, also not in records and logs.</p>}
      </div>
    </Dialog>
  )
}

function SetupInput({ field, isRequired, value, onChange }: { field: SetupField; isRequired: boolean; value: string; onChange: (value: string) => void }) {
  const shared = { label: field.title, tip: field.tip || undefined, required: isRequired }
  if (field.choices) return <SelectField {...shared} value={value} onChange={onChange} options={(value === '' ? ['', ...field.choices] : field.choices).map((one) => [one, one || '—'] as const)} />
  if (field.multiline) {
    return (
      <Field {...shared}>
        {({ id, describedBy }) => <textarea id={id} className="input" rows={4} required={isRequired} aria-describedby={describedBy} spellCheck={false} autoComplete="off" value={value} placeholder="-----BEGIN …" onChange={(event) => onChange(event.target.value)} />}
      </Field>
    )
  }
  return <TextField {...shared} value={value} onChange={onChange} type={field.secret ? 'password' : 'text'} autoComplete="off" className="mono" />
}
