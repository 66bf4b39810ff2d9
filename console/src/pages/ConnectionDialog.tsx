/** Make a vault connection, or change one: its secrets go in and never come out. */
import { useState } from 'react'
import { patch, post, seg } from '../api/client.ts'
import { invalidate } from '../api/query.ts'
import type { Connection } from '../api/types.ts'
import { Button, Note, SelectField, TextField } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { familyTitle } from '../editor/look.ts'

interface Setup { type: string; label: string; fields: readonly { name: string; label: string; secret?: boolean; optional?: boolean; tip?: string; choices?: readonly string[]; long?: boolean }[] }
const secret = (name: string, label: string) => ({ name, label, secret: true })
const plain = (name: string, label: string, tip?: string) => ({ name, label, tip })
const ALGORITHMS = ['HS', 'RS', 'ES', 'PS'].flatMap((kind) => [256, 384, 512].map((bits) => `${kind}${bits}`))
const keyOnly: readonly Setup[] = [{ type: 'API_KEY', label: 'API key', fields: [secret('api_key', 'API key')] }]
const tokenOnly: readonly Setup[] = [{ type: 'TOKEN', label: 'Token', fields: [secret('token', 'Token')] }]

/** What the server takes for each app; it has the last word. */
const SETUPS: Record<string, readonly Setup[]> = {
  AUTH0: [{ type: 'OAUTH_APP', label: 'Machine-to-machine application', fields: [plain('domain', 'Domain', 'The tenant’s domain, like example.eu.auth0.com.'), plain('client_id', 'Client ID'), secret('client_secret', 'Client secret'), { name: 'audience', label: 'Audience', optional: true, tip: 'Only where the tenant has a custom domain: https://…/api/v2/' }] }],
  HTTP: [
    { type: 'BEARER', label: 'Bearer token', fields: [secret('token', 'Token')] },
    { type: 'BASIC_AUTH', label: 'User name and password', fields: [plain('username', 'User name'), { ...secret('password', 'Password'), optional: true }] },
    { type: 'API_KEY', label: 'API key', fields: [plain('name', 'Name of the header or parameter'), secret('value', 'Key'), { name: 'in', label: 'Sent in', choices: ['HEADER', 'QUERY'] }] },
    { type: 'OAUTH_CLIENT_CREDENTIALS', label: 'OAuth client credentials', fields: [plain('token_endpoint', 'Token endpoint', 'An https address.'), plain('client_id', 'Client ID'), secret('client_secret', 'Client secret'), { name: 'audience', label: 'Audience', optional: true }, { name: 'scope', label: 'Scope', optional: true }] },
  ],
  JWT: [{ type: 'JWT', label: 'Signing key', fields: [{ name: 'algorithm', label: 'Algorithm', choices: ALGORITHMS }, { ...secret('secret', 'Secret (HS…)'), optional: true }, { ...secret('private_key', 'Private key in PEM (RS…, ES…, PS…)'), optional: true, long: true }, { ...secret('public_key', 'Public key in PEM'), optional: true, long: true }] }],
  ACTIVECAMPAIGN: [{ type: 'API_KEY', label: 'API key', fields: [secret('api_key', 'API key'), plain('base_url', 'Base URL')] }],
  AIRTABLE: keyOnly, SENDGRID: keyOnly, HUBSPOT: keyOnly, MAILCHIMP: keyOnly, PIPEDRIVE: tokenOnly, TELEGRAM: tokenOnly, WHATSAPP: tokenOnly,
  MAILJET: [{ type: 'API_KEY', label: 'API key', fields: [secret('api_key', 'API key'), secret('secret_key', 'Secret key')] }],
  TWILIO: [{ type: 'API_KEY', label: 'API key', fields: [plain('account_id', 'Account SID'), secret('api_key', 'Auth token')] }],
  SLACK: [{ type: 'WEBHOOK', label: 'Incoming webhook', fields: [secret('url', 'Webhook URL')] }],
  ZAPIER: [{ type: 'WEBHOOK', label: 'Webhook', fields: [secret('url', 'Webhook URL')] }],
  STRIPE: [{ type: 'KEY_PAIR', label: 'Keys', fields: [secret('private_key', 'Secret key'), plain('public_key', 'Publishable key')] }],
  CLEARBIT: [{ type: 'API_KEY', label: 'Secret key', fields: [secret('secret_key', 'Secret key')] }],
  BIGQUERY: [{ type: 'OAUTH_JWT', label: 'Service account', fields: [plain('project_id', 'Project'), plain('client_email', 'Client email'), { ...secret('private_key', 'Private key'), long: true }] }],
}
export const APPS = Object.keys(SETUPS)

export function ConnectionDialog({ appId, existing, onClose, onSaved }: { appId?: string; existing?: Connection; onClose: () => void; onSaved: (connection: Connection) => void }) {
  const [app, setApp] = useState(existing?.app_id ?? appId ?? 'AUTH0')
  const [name, setName] = useState(existing?.name ?? '')
  const setups = SETUPS[app] ?? []
  const [type, setType] = useState(setups[0]?.type ?? '')
  const setup = setups.find((one) => one.type === type) ?? setups[0]
  const [values, setValues] = useState<Record<string, string>>({})
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const filled = setup?.fields.some((field) => values[field.name]) ?? false
  const save = async () => {
    setBusy(true)
    setError('')
    const given: Record<string, string> = { type: setup?.type ?? '' }
    for (const field of setup?.fields ?? []) {
      const value = values[field.name] ?? (field.choices ? field.choices[0] : '')
      if (value) given[field.name] = value
    }
    try {
      const body = { name: name.trim(), ...(filled || !existing ? { setup: given } : {}) }
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
    <Dialog title={existing ? `Change ${existing.name}` : 'Add a vault connection'} onClose={onClose} onSubmit={() => void save()} foot={<>
      <Button onClick={onClose}>Cancel</Button>
      <Button type="submit" kind="primary" busy={busy} disabled={!name.trim()}>{existing ? 'Save' : 'Add connection'}</Button>
    </>}>
      <div className="stack">
        {error && <Note kind="bad">{error}</Note>}
        {!existing && <SelectField label="App" value={app} onChange={(next) => { setApp(next); setType(SETUPS[next]?.[0]?.type ?? ''); setValues({}) }} options={APPS.map((one) => [one, familyTitle(one)] as const)} />}
        <TextField label="Name" required value={name} onChange={setName} maxLength={150} hint="How flows and people call it." autoFocus />
        {setups.length > 1 && <SelectField label="Kind" value={setup?.type ?? ''} onChange={(next) => { setType(next); setValues({}) }} options={setups.map((one) => [one.type, one.label] as const)} />}
        {existing && <Note>Leave the fields below empty to keep what is stored. Fill them in to replace it as a whole.</Note>}
        {setup?.fields.map((field) => {
          const shared = { label: field.label, required: !field.optional && !existing, tip: field.tip, value: values[field.name] ?? field.choices?.[0] ?? '', onChange: (value: string) => setValues({ ...values, [field.name]: value }) }
          if (field.choices) return <SelectField key={field.name} {...shared} options={field.choices.map((one) => [one, one] as const)} />
          return <TextField key={field.name} {...shared} type={field.secret && !field.long ? 'password' : 'text'} autoComplete="off" className="mono" />
        })}
        <p className="hint">Secrets are sealed with the vault’s key. They are never shown again, also not in records and logs.</p>
      </div>
    </Dialog>
  )
}
