/** A step's form, drawn from the action's schema as the server publishes it. */
import { useState } from 'react'
import { useConnections, useOverview } from '../api/resources.ts'
import type { Action, ActionSpec, Json, JsonObject, Schema } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { CodeEditor } from '../code/CodeEditor.tsx'
import type { Language } from '../code/languages.ts'
import type { Scope } from '../flow/scope.ts'
import { Button, Checkbox, Field, IconButton, Note, Select } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { ConnectionDialog } from '../pages/ConnectionDialog.tsx'
import { ConditionField } from './ConditionField.tsx'
import { JsonField } from './JsonField.tsx'
import { PairsField } from './PairsField.tsx'
import { deref, textOf, tipOf, titleOfField, typedValue, typesOf, widgetOf } from './schema.ts'

interface Props { action: Action; spec: ActionSpec; onParams: (params: JsonObject, group: string) => void; scope: Scope | null; errors: Record<string, string>; missing?: readonly string[] }

/** Auth0's order of fields, where it differs from the schema's. */
const ORDER: Record<string, readonly string[]> = {
  SEND_EMAIL: ['from', 'to', 'custom_vars', 'subject', 'body'],
  SEND_SMS: ['from', 'to', 'custom_vars', 'message'],
  MAKE_CALL: ['from', 'to', 'custom_vars', 'message'],
  SEND_REQUEST: ['method', 'pathname', 'url', 'params', 'headers', 'payload'],
}

export function ActionForm({ action, spec, onParams, scope, errors, missing }: Props) {
  const params = action.params ?? {}
  const defs = spec.params.$defs ?? {}
  const names = Object.keys(spec.params.properties ?? {})
  // The vault connection comes first, whatever order the others have.
  const isConnection = (name: string) => widgetOf(deref(spec.params.properties?.[name] ?? {}, defs)) === 'connection'
  const order = [...new Set([...names.filter(isConnection), ...(ORDER[spec.action] ?? []), ...names])].filter((name) => names.includes(name))
  const set = (name: string) => (value: Json | undefined) => {
    const next = { ...params }
    if (value === undefined) delete next[name]
    else next[name] = value
    onParams(next, `${action.id}/${name}`)
  }
  const unknown = Object.keys(params).filter((name) => !names.includes(name))
  return (
    <>
      <ProviderHint action={action} />
      {order.filter((name) => !spec.branch_params.includes(name)).map((name) => (
        <ParamField key={name} name={name} schema={deref(spec.params.properties?.[name] ?? {}, defs)} defs={defs} appId={spec.type}
          isRequired={spec.params.required?.includes(name) ?? false} isLiquid={spec.liquid_params.includes(name)}
          value={params[name]} onChange={set(name)} scope={scope} errors={below(errors, name)} missing={spec.liquid_params.includes(name) ? missing : undefined} />
      ))}
      {unknown.length > 0 && <Note kind="warn">Kept, but unknown to this action: {unknown.map((name) => <code key={name} className="missing">{name}</code>)}. They can be changed under JSON.</Note>}
    </>
  )
}

function below(errors: Record<string, string>, name: string): Record<string, string> {
  const base = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
  return Object.fromEntries(Object.entries(errors).filter(([at]) => at === base || at.startsWith(`${base}/`)).map(([at, message]) => [at.slice(base.length), message]))
}

interface ParamProps { name: string; schema: Schema; defs: Record<string, Schema>; appId: string; isRequired: boolean; isLiquid: boolean; value: Json | undefined; onChange: (value: Json | undefined) => void; scope: Scope | null; errors: Record<string, string>; missing?: readonly string[] | undefined }

function ParamField(props: ParamProps) {
  const { name, schema, isRequired, value, onChange, scope, errors, isLiquid, missing } = props
  const label = titleOfField(name, schema)
  const tip = tipOf(schema) || undefined
  const error = errors['']
  const anyError = error ?? Object.values(errors)[0]
  const optional = (text: string): Json | undefined => (text === '' && !isRequired ? undefined : typedValue(text, schema, value))
  switch (widgetOf(schema)) {
    case 'connection': return <ConnectionField {...props} label={label} tip={tip} error={error} />
    case 'condition': return <ConditionField label="Condition" value={value} onChange={onChange} scope={scope} error={anyError} />
    case 'actions': return null
    case 'flag': return <Checkbox label={label} hint={tip} checked={value === true} onChange={(next) => onChange(next || isRequired ? next : undefined)} />
    case 'choice': {
      const options = (schema.enum ?? []).filter((one) => one !== null).map((one) => [String(one), String(one)] as const)
      const isKnown = value === undefined || value === null || options.some(([one]) => one === String(value))
      if (!isKnown) break
      return (
        <Field label={label} tip={tip} required={isRequired} error={anyError}>
          {({ id }) => <Select id={id} value={String(value ?? schema.default ?? '')} options={isRequired || schema.default ? options : [['', '—'], ...options]} onChange={(next) => onChange(next === '' ? undefined : next)} />}
        </Field>
      )
    }
    case 'pairs': return <PairsField label={label} tip={tip} required={isRequired} value={value ?? undefined} onChange={onChange} scope={scope} errors={errors} error={error} />
    case 'json': return <JsonField label={label} tip={tip} required={isRequired} value={value ?? undefined} onChange={onChange} scope={scope} error={anyError} plainText={typesOf(schema).includes('string')} />
    case 'group': return <GroupField {...props} label={label} tip={tip} />
    case 'html': return <TemplateField label={label} tip={tip} required={isRequired} value={textOf(value)} language={(schema['x-language'] as Language | undefined) ?? (isLiquid ? 'liquid-html' : 'expression')} onChange={(text) => onChange(text)} scope={scope} error={anyError} missing={missing} />
    default: break
  }
  const language = (schema['x-language'] as Language | undefined) ?? (isLiquid ? 'liquid-text' : 'expression')
  return (
    <Field label={label} tip={tip} required={isRequired} error={anyError}>
      {({ describedBy }) => <CodeEditor singleLine language={language} label={label} required={isRequired} describedBy={describedBy} invalid={Boolean(anyError)} hint={String(schema.examples?.[0] ?? '')} value={textOf(value)} onChange={(text) => onChange(optional(text))} scope={scope} missing={missing} />}
    </Field>
  )
}

function TemplateField({ label, tip, required, value, language, onChange, scope, error, missing }: { label: string; tip?: string; required: boolean; value: string; language: Language; onChange: (text: string) => void; scope: Scope | null; error?: string; missing?: readonly string[] | undefined }) {
  const [large, setLarge] = useState(false)
  const editor = (height: 'large' | 'medium' | 'fill') => <CodeEditor language={language} label={label} required={required} invalid={Boolean(error)} value={value} onChange={onChange} scope={scope} height={height} missing={missing} />
  return (
    <Field label={label} tip={tip} required={required} error={error} aside={<Button kind="link" small onClick={() => setLarge(true)}>Expand</Button>}>
      {() => large
        ? <Dialog size="huge" title={label} onClose={() => setLarge(false)} foot={<Button kind="primary" onClick={() => setLarge(false)}>Done</Button>}><div className="expanded">{editor('fill')}</div></Dialog>
        : editor(language === 'liquid-html' ? 'large' : 'medium')}
    </Field>
  )
}

function GroupField({ schema, defs, value, onChange, scope, errors, label, tip, appId, isRequired }: ParamProps & { label: string; tip?: string }) {
  const isOn = isRequired || (typeof value === 'object' && value !== null)
  const inner = (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}) as JsonObject
  return (
    <div className="group stack">
      {isRequired ? <h3>{schema.title ?? label}</h3> : <Checkbox label={label} hint={tip} checked={isOn} onChange={(on) => onChange(on ? Object.fromEntries((schema.required ?? []).map((name) => [name, ''])) : undefined)} />}
      {isOn && Object.entries(schema.properties ?? {}).map(([name, part]) => (
        <ParamField key={name} name={name} schema={deref(part, defs)} defs={defs} appId={appId} isRequired={schema.required?.includes(name) ?? false} isLiquid={false} value={inner[name]} scope={scope} errors={below(errors, name)}
          onChange={(next) => {
            const changed = { ...inner }
            if (next === undefined) delete changed[name]
            else changed[name] = next
            onChange(changed)
          }} />
      ))}
    </div>
  )
}

function ConnectionField({ value, onChange, appId, isRequired, label, tip, error }: ParamProps & { label: string; tip?: string; error?: string }) {
  const connections = useConnections().data
  const [adding, setAdding] = useState(false)
  const fitting = (connections ?? []).filter((one) => one.app_id === appId)
  const current = textOf(value)
  const isKnown = !current || fitting.some((one) => one.id === current || one.name === current)
  const options: [string, string][] = fitting.map((one) => [one.id, one.id === 'local' ? 'local (embedded tenant)' : `${one.name}${one.ready ? '' : ' · not ready'}`])
  const chosen = fitting.find((one) => one.id === current || one.name === current)?.id ?? current
  return (
    <Field label={label} tip={tip} required={isRequired} error={error ?? (connections && !isKnown ? `There is no connection ${current} in the vault. Choose one, or add it.` : undefined)}>
      {({ id, describedBy }) => (
        <div className="joined">
          <Select id={id} aria-describedby={describedBy} value={chosen} onChange={(next) => onChange(next === '' ? (isRequired ? '' : undefined) : next)}
            options={[...(current ? [] : [['', 'Choose a connection'] as const]), ...(isKnown ? [] : [[current, `${current} (not in the vault)`] as const]), ...options]} />
          <IconButton outline icon="plus" label="Add a vault connection" onClick={() => setAdding(true)} />
          {adding && <ConnectionDialog appId={appId} onClose={() => setAdding(false)} onSaved={(connection) => { setAdding(false); onChange(connection.id) }} />}
        </div>
      )}
    </Field>
  )
}

/** Whether a provider is set up, said only where it matters. */
function ProviderHint({ action }: { action: Action }) {
  const overview = useOverview().data
  if (!overview || action.type !== 'AUTH0') return null
  if (action.action === 'SEND_EMAIL') {
    if (overview.email?.enabled) return null
    if (overview.email) return <Note kind="warn">The email provider is switched off, so this step will fail. <Link to="/providers">Switch it on</Link></Note>
    return <Note>No email provider is set up: emails are captured and can be read in the <Link to="/outbox">Outbox</Link>. <Link to="/providers">Set one up</Link> to deliver them.</Note>
  }
  if (action.action === 'SEND_SMS' || action.action === 'MAKE_CALL') {
    if (overview.phone.some((one) => !one.disabled)) return null
    if (overview.phone.length) return <Note kind="warn">The phone provider is switched off, so this step will fail. <Link to="/providers">Switch it on</Link></Note>
    return <Note>No phone provider is set up: messages are captured and can be read in the <Link to="/outbox">Outbox</Link>. <Link to="/providers">Set one up</Link> to deliver them.</Note>
  }
  return null
}
