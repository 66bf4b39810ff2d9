/** The panel of a step: form, JSON, and what it did last. */
import { useEffect, useMemo, useRef, useState } from 'react'
import { useActions, useFunctions } from '../api/resources.ts'
import type { Action, Execution, Json, JsonObject } from '../api/types.ts'
import { find, isCondition, renameId, replaceAction } from '../flow/tree.ts'
import { buildScope } from '../flow/scope.ts'
import { ActionForm } from '../panel/ActionForm.tsx'
import { JsonField } from '../panel/JsonField.tsx'
import { canPreview, MessagePreview } from '../panel/MessagePreview.tsx'
import '../panel/panel.css'
import { ErrorNote } from '../run/ErrorNote.tsx'
import { readCurl } from '../run/curl.ts'
import { Button, Checkbox, Field, IconButton, Note, Tabs, TextField } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { JsonView } from '../ui/Json.tsx'
import { MenuButton } from '../ui/Menu.tsx'
import { toast } from '../ui/toasts.tsx'
import * as commands from './commands.ts'
import { hueOf, iconOf, titleOf } from './look.ts'
import { PinnedOutput } from './PinnedOutput.tsx'
import { useEditor, useStore } from './store.ts'

export type PanelTab = 'form' | 'json' | 'run'

interface Props { id: string; seen: Execution | null; tab: PanelTab; onTab: (tab: PanelTab) => void; onClose: () => void; onRunStep: (id: string, mode: 'only' | 'from') => void }

export function Panel({ id, seen, tab, onTab, onClose, onRunStep }: Props) {
  const store = useStore()
  const specs = useActions()
  const functions = useFunctions()
  const actions = useEditor((state) => state.history.now.actions)
  const run = useEditor((state) => state.run)
  const pinned = useEditor((state) => state.pinned)
  const problems = useEditor((state) => state.problems[id])
  const box = useRef<HTMLElement>(null)
  const [pasting, setPasting] = useState(false)
  const [missing, setMissing] = useState<readonly string[]>([])
  const found = useMemo(() => find(actions, id), [actions, id])
  const spec = specs?.find((one) => one.type === found?.action.type && one.action === found?.action.action)
  const last = run && !run.isLive ? run.execution : seen
  const scope = useMemo(() => (specs && functions ? buildScope({ actions, id, specs, functions, seen: last, pinned: pinned as Record<string, Json> }) : null), [actions, id, specs, functions, last, pinned])
  const outputs = useMemo(() => ({ ...Object.fromEntries((last?.debug?.steps ?? []).map((one) => [one.id, one.output])), ...(pinned as Record<string, Json>) }), [last, pinned])
  const errors = useMemo(() => {
    const byPlace: Record<string, string> = {}
    for (const problem of problems ?? []) byPlace[problem.at.replace(/^\/params/, '')] ??= [problem.message, problem.hint].filter(Boolean).join(' ')
    return byPlace
  }, [problems])
  useEffect(() => { box.current?.scrollTo(0, 0); setMissing([]) }, [id])
  if (!found) return null
  const { action } = found
  const edit = (change: (action: Action) => Action, group = '') => store.edit(replaceAction(store.doc.actions, id, change), group)
  const title = titleOf(action, specs)
  const step = run?.steps[id] ?? seen?.debug?.steps.find((one) => one.id === id)
  const other = (problems ?? []).filter((problem) => !problem.at.startsWith('/params') && problem.at !== '/id' && problem.at !== '/alias')
  const pin = action.id in pinned
  return (
    <aside ref={box} className="panel" aria-label={`${title}: ${action.alias || action.id}`} onKeyDown={(event) => {
      if (event.key === 'Escape' && !event.defaultPrevented) { event.stopPropagation(); onClose(); commands.focusCard(id) }
    }}>
      <PanelResizer />
      {pasting && <CurlDialog action={action} edit={edit} onClose={() => setPasting(false)} />}
      <header className="panel-head">
        <span className={`step-icon ${hueOf(action.type, action.action)}`}><Icon name={iconOf(action.type, action.action)} size={18} /></span>
        <h2 className="grow ellipsis">{title}</h2>
        <MenuButton label="More for this step" className="icon-btn" items={() => [
          { label: 'Run only this step', icon: 'play', onSelect: () => onRunStep(id, 'only') },
          { label: 'Run from here', icon: 'skip', onSelect: () => onRunStep(id, 'from') },
          ...(pin ? [{ label: 'Unpin the output', icon: 'pin', onSelect: () => store.pin(id, undefined) } as const] : step?.output ? [{ label: 'Pin the last output', icon: 'pin', onSelect: () => store.pin(id, step.output) } as const] : []),
          ...(spec?.action === 'SEND_REQUEST' ? [{ label: 'Paste a curl command', icon: 'terminal', onSelect: () => void pasteCurl(action, edit, () => setPasting(true)) } as const] : []),
          '-',
          { label: 'Duplicate', icon: 'copy', onSelect: () => commands.duplicateStep(store, id) },
          { label: 'Remove', icon: 'trash', bad: true, onSelect: () => { onClose(); commands.removeStep(store, id) } },
        ]} />
        <IconButton icon="close" label="Close the panel" onClick={() => { onClose(); commands.focusCard(id) }} />
      </header>
      <Tabs label="Ways to see this step" value={tab} onChange={onTab} tabs={[{ value: 'form', label: <><Icon name="form" size={14} />Form</> }, { value: 'json', label: <><Icon name="code" size={14} />JSON</> }, { value: 'run', label: <><Icon name="runs" size={14} />Last run</> }]} />
      <div className="panel-body" role="tabpanel" aria-label={tab}>
        {tab === 'form' && (
          <div className="stack" key={id}>
            {other.map((problem, index) => <Note key={index} kind={problem.severity === 'error' || !problem.severity ? 'bad' : 'warn'}>{problem.message} {problem.hint}</Note>)}
            {pin && <Note kind="warn"><b>Its output is pinned.</b> Real runs never use it. <Button kind="link" small onClick={() => onTab('run')}>Look at it</Button> <Button kind="link" small onClick={() => store.pin(id, undefined)}>Unpin</Button></Note>}
            <IdField id={id} key={`id-${id}`} error={errors['/id']} onRename={(next) => { store.edit(renameId(store.doc.actions, id, next)); store.select(next) }} />
            <TextField label="Alias" value={action.alias ?? ''} maxLength={100} onChange={(alias) => edit((one) => withAlias(one, alias), `${id}/alias`)} error={errors['/alias']} placeholder="A name for people" />
            {spec
              ? <ActionForm action={action} spec={spec} scope={scope} errors={errors} missing={missing} onParams={(params, group) => edit((one) => ({ ...one, params }), group)} />
              : specs && <Note kind="warn">This server does not run {action.type}/{action.action} yet. The step is kept as it is; it can be changed under JSON.</Note>}
            {!isCondition(action) && (
              <fieldset className="handling stack s">
                <legend className="label">When it runs</legend>
                <Checkbox label="Go on if it fails" hint="Later steps read actions.<id>.success and .error." checked={action.allow_failure ?? false} onChange={(allow_failure) => edit((one) => ({ ...one, allow_failure }))} />
                <Checkbox label="Mask the output" hint="Records and logs show it as masked; later steps still get it." checked={action.mask_output ?? false} onChange={(mask_output) => edit((one) => ({ ...one, mask_output }))} />
              </fieldset>
            )}
            {canPreview(action) && <MessagePreview action={action} seen={last} flowId={store.flowId} outputs={outputs} onMissing={setMissing} />}
          </div>
        )}
        {tab === 'json' && <ActionJson key={id} action={action} onChange={(next) => { edit(() => next, `${id}/json`); if (next.id !== id) store.select(next.id) }} />}
        {tab === 'run' && (step
          ? (
            <div className="stack">
              {step.error && <ErrorNote error={step.error} step={step} action={action} />}
              <h3>Input</h3><JsonView label="Input" value={step.input} />
              <h3>Output</h3><JsonView label="Output" value={step.output} />
              <PinnedOutput id={id} spec={spec} step={step} />
            </div>
          )
          : (
            <div className="stack">
              <p className="muted">This step has not run yet. <Button kind="link" onClick={() => onRunStep(id, 'only')}>Run only this step</Button></p>
              <PinnedOutput id={id} spec={spec} step={undefined} />
            </div>
          ))}
      </div>
    </aside>
  )
}

/** An alias has at least one character: an empty one is none. */
function withAlias({ alias: _, ...rest }: Action, alias: string): Action {
  const { id, ...more } = rest
  return alias === '' ? rest : { id, alias, ...more }
}

function IdField({ id, onRename, error }: { id: string; onRename: (next: string) => void; error?: string }) {
  const store = useStore()
  const [text, setText] = useState(id)
  const problem = text === id ? error : !/^[A-Za-z0-9_-]{1,100}$/.test(text) ? 'Use 1 to 100 letters, digits, _ or -.' : store.ids().has(text) ? 'Another step has this id.' : undefined
  return (
    <TextField label="ID" required className="mono" value={text} onChange={setText} error={problem} tip="Later steps read this step’s output as actions.<id>. References follow when it is changed." maxLength={100}
      hint={text !== id && !problem ? 'References to it will follow.' : undefined}
      onBlur={() => { if (text !== id && !problem) onRename(text) }}
      onKeyDown={(event) => { if (event.key === 'Enter' && text !== id && !problem) onRename(text) }} />
  )
}

function ActionJson({ action, onChange }: { action: Action; onChange: (action: Action) => void }) {
  const { then: _then, else: _else, ...own } = action.params ?? {}
  const shown = isCondition(action) ? { ...action, params: own } : action
  const [problem, setProblem] = useState('')
  return (
    <div className="stack">
      <JsonField label="This step as JSON" height="large" required value={shown as unknown as Json} scope={null} error={problem} onChange={(value) => {
        const next = value as unknown as Action
        if (!commands.isAction(value)) { setProblem('An action needs id, type and action, each a text.'); return }
        setProblem('')
        const kept: JsonObject = isCondition(action) ? { ...(action.params?.['then'] ? { then: action.params['then'] } : {}), ...(action.params?.['else'] ? { else: action.params['else'] } : {}) } : {}
        onChange({ ...next, ...(next.params || Object.keys(kept).length ? { params: { ...next.params, ...kept } } : {}) })
      }} />
      {isCondition(action) && <p className="hint">The steps in its branches are left out here; they stay as they are.</p>}
    </div>
  )
}

type Edit = (change: (action: Action) => Action) => void

/** From the clipboard where it can be read and has one; else *ask* for it. */
async function pasteCurl(action: Action, edit: Edit, ask: () => void) {
  let text = ''
  try { text = await navigator.clipboard.readText() } catch { /* asked for instead */ }
  if (!fillFromCurl(text, action, edit)) ask()
}

function fillFromCurl(text: string, action: Action, edit: Edit): boolean {
  const read = readCurl(text.trim())
  if (!read) return false
  edit((one) => {
    const params: JsonObject = { ...one.params, method: read.method }
    if (action.type === 'AUTH0') {
      const url = new URL(read.url, 'https://tenant.invalid')
      params['pathname'] = url.pathname
      if ([...url.searchParams].length) params['params'] = Object.fromEntries(url.searchParams)
    } else params['url'] = read.url
    const headers = Object.fromEntries(Object.entries(read.headers).filter(([name]) => action.type !== 'AUTH0' || !/^(authorization|content-type|accept)$/i.test(name)))
    if (Object.keys(headers).length) params['headers'] = headers
    if (read.payload !== undefined) params['payload'] = read.payload
    return { ...one, params }
  })
  toast('Filled in from the curl command')
  return true
}

function CurlDialog({ action, edit, onClose }: { action: Action; edit: Edit; onClose: () => void }) {
  const [text, setText] = useState('')
  const [error, setError] = useState('')
  return (
    <Dialog title="Paste a curl command" onClose={onClose} onSubmit={() => { if (fillFromCurl(text, action, edit)) onClose(); else setError('That is no curl command with an address. It begins like: curl https://…') }} foot={<><Button onClick={onClose}>Cancel</Button><Button type="submit" kind="primary" disabled={!text.trim()}>Fill in</Button></>}>
      <Field label="Command" required error={error} hint="Method, address, headers and body are taken from it.">
        {({ id, describedBy }) => <textarea id={id} className="input" rows={6} aria-describedby={describedBy} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} placeholder="curl -X POST https://…" />}
      </Field>
    </Dialog>
  )
}

/** Drag the panel's edge, or move it with the arrow keys. */
function PanelResizer() {
  const set = (width: number) => document.documentElement.style.setProperty('--panel', `${Math.round(Math.max(340, Math.min(width, innerWidth * 0.7)))}px`)
  const now = () => document.querySelector('.panel')?.getBoundingClientRect().width ?? 460
  return (
    <div className="resizer" role="separator" aria-orientation="vertical" aria-label="Width of the panel" aria-valuenow={460} aria-valuemin={340} aria-valuemax={1200} tabIndex={0}
      onKeyDown={(event) => {
        if (event.key === 'ArrowLeft') set(now() + 24)
        if (event.key === 'ArrowRight') set(now() - 24)
      }}
      onPointerDown={(event) => {
        event.preventDefault()
        const move = (moved: PointerEvent) => set(innerWidth - moved.clientX)
        const up = () => { removeEventListener('pointermove', move); removeEventListener('pointerup', up) }
        addEventListener('pointermove', move)
        addEventListener('pointerup', up)
      }} />
  )
}
