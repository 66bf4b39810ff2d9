/** Bring flows in: what would be done is shown first, and then done. */
import { useRef, useState } from 'react'
import { post, seg } from '../api/client.ts'
import { invalidate } from '../api/query.ts'
import { useConnections } from '../api/resources.ts'
import { navigate } from '../app/router.tsx'
import { CodeEditor } from '../code/CodeEditor.tsx'
import { Button, Checkbox, Note, Select } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Icon, type IconName } from '../ui/Icon.tsx'
import { toast } from '../ui/toasts.tsx'

type Files = Record<string, string>
interface Plan {
  changes: boolean
  connections: { action: 'create' | 'update' | 'keep' | 'missing'; token: string; name: string; app_id: string; id: string | null; sets_secret: boolean }[]
  flows: { action: 'create' | 'update' | 'keep'; token: string; name: string; id: string | null; lines: { mark: string; text: string }[] }[]
  kept: string[]
}

/** What deploy-cli writes; anything else in a folder is not read at all. */
const READ = /(^|\/)((flows|flow-vault-connections|forms|grants|emails|phone-providers)\/[^/]+\.json|tenant\.ya?ml)$/
const FILES = /\.(json|ya?ml)$/
const MOST = 3_500_000

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [files, setFiles] = useState<Files | null>(null)
  const [plan, setPlan] = useState<Plan | null>(null)
  const [choice, setChoice] = useState<Record<string, string>>({})
  /** What the files call their connections: a plan names those that were chosen. */
  const [labels, setLabels] = useState<Record<string, string>>({})
  const [asNew, setAsNew] = useState(false)
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)
  const file = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)

  const ask = async (given: Files, connections: Record<string, string>, isNew: boolean) => {
    setBusy(true)
    setError('')
    // Shown as chosen at once; what it leads to comes a moment later.
    setChoice(connections)
    setAsNew(isNew)
    try {
      const next = await post<Plan>('/sluiceway/v1/imports/plan', { files: given, connections: chosen(connections), as_new: isNew })
      if (given !== files) setLabels(Object.fromEntries(next.connections.map((one) => [one.token, /^#.*#$/.test(one.token) ? one.name : one.token])))
      setPlan(next)
      setFiles(given)
    } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)) } finally { setBusy(false) }
  }
  const read = async (list: FileList | null) => {
    const all = [...(list ?? [])]
    const isFolder = all.some((one) => one.webkitRelativePath)
    const isDeployCli = all.some((one) => /(^|\/)(flows\/[^/]+\.json|tenant\.ya?ml)$/.test(one.webkitRelativePath))
    const wanted = all.filter((one) => (isDeployCli ? READ.test(one.webkitRelativePath) : FILES.test(one.name)))
    if (!wanted.length) { setError(isFolder ? 'This folder has no JSON or YAML files. A deploy-cli folder has flows/*.json or tenant.yaml.' : 'Choose JSON or YAML files.'); return }
    if (wanted.reduce((sum, one) => sum + one.size, 0) > MOST) { setError('These files are larger than 3.5 MB together. From the command line: sluiceway import FOLDER'); return }
    const given: Files = {}
    for (const one of wanted) given[one.webkitRelativePath || one.name] = await one.text()
    await ask(given, {}, false)
  }
  const carryOut = async () => {
    if (!files) return
    setBusy(true)
    setError('')
    try {
      const done = await post<Plan>('/sluiceway/v1/imports', { files, connections: chosen(choice), as_new: asNew })
      invalidate('flow')
      invalidate('vault')
      onClose()
      const [only, ...others] = done.flows
      toast(others.length ? `Imported ${done.flows.length} flows` : `Imported ${only?.name ?? 'it'}`, { kind: 'good' })
      if (only?.id && !others.length) navigate(`/flows/${seg(only.id)}`)
    } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)); setBusy(false) }
  }
  if (plan && files) {
    return (
      <Dialog size="wide" title={plan.flows.length === 1 ? `Import ${plan.flows[0]?.name ?? ''}` : `Import ${plan.flows.length} flows`} onClose={onClose} onSubmit={() => void carryOut()} foot={<>
        <Button kind="quiet" icon="left" onClick={() => { setPlan(null); setError('') }}>Choose others</Button><span className="grow" />
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" kind="primary" icon="upload" busy={busy} disabled={!plan.changes}>Import</Button>
      </>}>
        <Review plan={plan} labels={labels} choice={choice} asNew={asNew} error={error} onChoose={(token, name) => void ask(files, { ...choice, [token]: name }, asNew)} onAsNew={(next) => void ask(files, choice, next)} />
      </Dialog>
    )
  }
  return (
    <Dialog title="Import flows" size="wide" onClose={onClose} onSubmit={() => void ask({ [isYaml(text) ? 'Imported flow.yaml' : 'Imported flow.json']: text }, {}, false)} foot={<><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary" busy={busy} disabled={!text.trim()}>Review</Button></>}>
      <div className="stack">
        {error && <Note kind="bad">{error}</Note>}
        <p className="soft">An export of Auth0’s Dashboard, a flow as JSON, a list of actions, Terraform’s JSON, or a deploy-cli folder (JSON, or <code>tenant.yaml</code>) with its vault connections and forms. You see what it would do before anything is done.</p>
        <div className="row wrap">
          <Button icon="file" busy={busy} onClick={() => file.current?.click()}>Choose files</Button>
          <Button icon="upload" busy={busy} onClick={() => folder.current?.click()}>Choose a folder</Button>
          <input ref={file} type="file" accept=".json,.yaml,.yml,application/json" multiple hidden aria-label="Files to import" onChange={(event) => { void read(event.target.files); event.target.value = '' }} />
          <input ref={(input) => { folder.current = input; input?.setAttribute('webkitdirectory', '') }} type="file" hidden aria-label="Folder to import" onChange={(event) => { void read(event.target.files); event.target.value = '' }} />
        </div>
        <div className="stack s"><span className="label">Or paste it</span><CodeEditor language="json" label="Export as JSON or YAML" value={text} onChange={setText} height="medium" /></div>
      </div>
    </Dialog>
  )
}

/** JSON begins with a bracket, a text or nothing that YAML would begin with. */
const isYaml = (text: string) => !/^\s*[[{"]/.test(text)

const chosen = (choice: Record<string, string>) => Object.fromEntries(Object.entries(choice).filter(([, name]) => name))

const VERBS: Record<string, { words: string; kind: string; icon: IconName }> = {
  create: { words: 'new', kind: 'good', icon: 'plus' },
  update: { words: 'changed', kind: 'warn', icon: 'edit' },
  keep: { words: 'as it is', kind: '', icon: 'check' },
  missing: { words: 'not in the vault', kind: 'bad', icon: 'warn' },
}

interface ReviewProps { plan: Plan; labels: Record<string, string>; choice: Record<string, string>; asNew: boolean; error: string; onChoose: (token: string, name: string) => void; onAsNew: (next: boolean) => void }

function Review({ plan, labels, choice, asNew, error, onChoose, onAsNew }: ReviewProps) {
  const vault = useConnections().data ?? []
  const shown = plan.connections.filter((one) => one.name !== 'local' || choice[one.token])
  const hasUpdates = plan.flows.some((one) => one.action !== 'create')
  const isUnready = plan.connections.some((one) => one.action === 'create' && !one.sets_secret)
  return (
    <div className="stack">
      {error && <Note kind="bad">{error}</Note>}
      {!plan.changes && <Note kind="good"><b>Nothing to do.</b> The flows are here already, just as in these files.</Note>}
      <section className="stack s" aria-label="Flows">
        <h3>Flows</h3>
        <ul className="diff">{plan.flows.map((one) => (
          <li key={one.token} className={`diff-step ${one.action === 'create' ? 'added' : one.action === 'update' ? 'changed' : ''}`}>
            <div className="row"><Icon name="flow" size={16} /><b className="grow ellipsis">{one.name}</b><Verdict verb={one.action} /></div>
            {one.action === 'update' && <ul className="plan-lines mono">{one.lines.slice(0, 12).map((line, index) => <li key={index}>{line.mark} {line.text}</li>)}{one.lines.length > 12 && <li>… and {one.lines.length - 12} more</li>}</ul>}
          </li>
        ))}</ul>
        {(hasUpdates || asNew) && <Checkbox label="Add them as new flows" hint="Otherwise a flow of the same name gets a new version; its earlier ones stay." checked={asNew} onChange={onAsNew} />}
      </section>
      {shown.length > 0 && (
        <section className="stack s" aria-label="Vault connections">
          <h3>Vault connections</h3>
          {isUnready && <Note kind="warn">An export never holds secrets. A new connection is made empty, to be set up in the vault; or say which one of this vault to use.</Note>}
          <ul className="stack s">{shown.map((one) => (
            <li key={one.token} className="plan-connection">
              <b className="ellipsis">{labels[one.token]}</b><Icon name="right" size={15} />
              <Select aria-label={`Connection for ${labels[one.token] ?? one.token}`} value={choice[one.token] ?? ''} onChange={(name) => onChoose(one.token, name)} options={[
                ['', choice[one.token] ? 'As in the files' : one.action === 'create' ? `Make ${one.name}` : one.action === 'missing' ? 'Leave it as it is' : `${one.name}, found by its name`],
                ...vault.filter((known) => !one.app_id || known.app_id === one.app_id).map((known) => [known.name, known.name] as const),
              ]} />
              <Verdict verb={one.action} />
            </li>
          ))}</ul>
        </section>
      )}
      {plan.kept.length > 0 && <p className="hint">Kept beside the flows, and given back by an export: {plan.kept.slice(0, 8).join(', ')}{plan.kept.length > 8 && ` and ${plan.kept.length - 8} more`}.</p>}
    </div>
  )
}

function Verdict({ verb }: { verb: string }) {
  const look = VERBS[verb]
  return <span className={`badge ${look?.kind ?? ''}`}>{look && <Icon name={look.icon} size={12} />}{look?.words ?? verb}</span>
}
