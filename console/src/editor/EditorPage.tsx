/** The editor: canvas, panel, runs and versions of one flow. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { ApiError, get, patch, post, put, seg } from '../api/client.ts'
import { invalidate, setData, useQuery } from '../api/query.ts'
import { lastExecution, getExecution, useActions, useConnections, useHas } from '../api/resources.ts'
import type { Execution, Flow, Input, Json, Problem } from '../api/types.ts'
import { Link, navigate, setQuery, useLeaveGuard, useLocation, useTitle } from '../app/router.tsx'
import { CodeEditor, preloadEditor } from '../code/CodeEditor.tsx'
import { quickCheck } from '../flow/check.ts'
import { parseTemplateJson, showJson } from '../flow/jsonText.ts'
import { find, listAt, walk, type Place } from '../flow/tree.ts'
import { ExecutionActions, ExecutionTitle, ExecutionView, type StepTab } from '../run/ExecutionView.tsx'
import { ReplayDialog } from '../pages/ReplayDialog.tsx'
import { follow, stateOf } from '../run/follow.ts'
import { Button, Empty, IconButton, Note, Skeleton, TextField } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { Icon } from '../ui/Icon.tsx'
import { MenuButton } from '../ui/Menu.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { Canvas, type CanvasProps } from './Canvas.tsx'
import { Catalogue } from './Catalogue.tsx'
import * as commands from './commands.ts'
import { exportFlow, exportFolder } from './exporting.ts'
import { Keys } from './Keys.tsx'
import { Panel, type PanelTab } from './Panel.tsx'
import { docOf, isChangedElsewhere, useOthers } from './others.ts'
import { RunDialog, type RunRequest } from './RunDialog.tsx'
import { SaveDialog } from './SaveDialog.tsx'
import { EditorStore, StoreContext, useEditor, useStore } from './store.ts'
import { Versions } from './Versions.tsx'
import './canvas.css'
import './editor.css'

export function EditorPage({ id }: { id: string }) {
  const flow = useQuery(`flow/${id}`, () => get<Flow>(`/api/v2/flows/${seg(id)}`), { fresh: 0 })
  const actions = useActions()
  useTitle(flow.data?.name ?? 'Flow')
  const [store, setStore] = useState<EditorStore | null>(null)
  const isRead = flow.data?.actions !== undefined
  useEffect(() => {
    preloadEditor()
    // Only what was read first begins an editor: what is read later must not take work away.
    if (flow.data && isRead && store?.flowId !== id) {
      const made = new EditorStore(id, { name: flow.data.name, actions: flow.data.actions })
      const wanted = new URLSearchParams(location.search).get('action')
      if (wanted && find(made.doc.actions, wanted)) made.select(wanted)
      setStore(made)
    }
  }, [id, isRead, flow.data, store])
  // A later read may fail; the work on show must not go with it.
  if (flow.error && store?.flowId !== id) {
    return <Empty icon="flow" title="This flow is not there" action={<Link to="/flows" className="btn">To the flows</Link>}>{flow.error instanceof ApiError && flow.error.status === 404 ? 'It may have been deleted, or the address is wrong.' : flow.error.message}</Empty>
  }
  if (!store || store.flowId !== id || !actions) return <div className="page"><Skeleton rows={7} /></div>
  return <StoreContext value={store}><Editor key={id} /></StoreContext>
}

type Open = { kind: 'catalogue'; place: Place } | { kind: 'run'; step?: { id: string; mode: 'only' | 'from' } } | { kind: 'versions' | 'keys' | 'json' | 'save' | 'search' } | null

function Editor() {
  const store = useStore()
  const { flowId } = store
  const specs = useActions()
  const connections = useConnections().data
  const { query } = useLocation()
  const [open, setOpen] = useState<Open>(null)
  const selected = useEditor((state) => state.selected)
  const actions = useEditor((state) => state.history.now.actions)
  const run = useEditor((state) => state.run)
  const stop = useRef(() => {})
  const seen = useQuery(`executions/last/${flowId}`, () => lastExecution(flowId), { fresh: 1000 }).data ?? null
  const panelTab = (query.get('tab') as PanelTab | null) ?? 'form'

  // The address names what is selected, and what is selected follows the address.
  const wanted = query.get('action')
  const told = useRef(selected)
  useEffect(() => {
    if (wanted === told.current) return
    told.current = wanted
    store.select(wanted && find(store.doc.actions, wanted) ? wanted : null)
  }, [wanted, store])
  useEffect(() => {
    if (selected === told.current) return
    told.current = selected
    setQuery({ action: selected, tab: null })
  }, [selected])

  // A panel takes room from the canvas: its card must stay in sight.
  useEffect(() => {
    const card = selected ? document.querySelector(`[data-card="${CSS.escape(selected)}"]`) : null
    requestAnimationFrame(() => card?.closest('.step-card')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }))
  }, [selected])

  useProblems(store)
  useLeaveGuard(useCallback(() => (store.isDirty ? 'This flow has unsaved changes. They are lost when you leave.' : null), [store]))

  const watch = useCallback((execution: Execution) => {
    stop.current()
    stop.current = follow(execution, (state) => {
      store.set({ run: state })
      if (!state.isLive) { invalidate('executions'); invalidate('overview') }
    })
    const isOpen = new URLSearchParams(location.search).get('execution') === execution.id
    setQuery({ execution: execution.id, ...(isOpen ? {} : { step: null, pane: null }) })
  }, [store])
  const executionId = query.get('execution')
  useEffect(() => {
    if (!executionId) { stop.current(); store.set({ run: null }); return }
    if (store.get().run?.execution.id === executionId) return
    let gone = false
    getExecution(executionId).then((found) => { if (!gone) watch(found) }, (error: unknown) => { reportError(error); setQuery({ execution: null, step: null, pane: null }) })
    return () => { gone = true }
  }, [executionId, store, watch])
  useEffect(() => () => stop.current(), [])

  useOthers(store)
  const save = useCallback(async (comment: string) => {
    const { name, actions: current } = store.doc
    try {
      if (await isChangedElsewhere(store)) return
      const flow = await patch<Flow>(`/api/v2/flows/${seg(flowId)}`, { name, actions: current })
      store.markSaved({ name, actions: current }, docOf(flow))
      setData(`flow/${flowId}`, flow)
      invalidate('flows')
      if (comment.trim()) await put(`/sluiceway/v1/flows/${seg(flowId)}/comment`, { comment: comment.trim() })
      toast('Saved as a new version')
      setOpen(null)
    } catch (error) { reportError(error) }
  }, [flowId, store])

  const start = async ({ input, dry }: RunRequest, step?: { id: string; mode: 'only' | 'from' }) => {
    const request = partOf(store, input, step, seen)
    if (dry) {
      const execution = await post<Execution>('/sluiceway/v1/dry-runs', { ...request, ...input, flow_id: flowId })
      stop.current()
      store.set({ run: stateOf(execution, false) })
    } else if (!step && !store.isDirty) watch(await post<Execution>(`/sluiceway/v1/flows/${seg(flowId)}/executions`, input))
    else watch(await post<Execution>('/sluiceway/v1/executions', { ...request, ...input }))
    setOpen(null)
  }

  const canvas: CanvasProps = useMemo(() => ({
    onAdd: (place) => setOpen({ kind: 'catalogue', place }),
    onOpen: (id) => { store.select(id); focusFirstField() },
    onRunStep: (id, mode) => setOpen({ kind: 'run', step: { id, mode } }),
    onHelp: () => setOpen({ kind: 'keys' }),
  }), [store])

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const ctrl = event.ctrlKey || event.metaKey
      const isTyping = (event.target as HTMLElement).closest('input, textarea, select, [contenteditable="true"]') !== null
      const key = event.key.toLowerCase()
      if (document.querySelector('dialog[open]')) return
      if (ctrl && key === 's') { event.preventDefault(); if (store.isDirty) setOpen({ kind: 'save' }) }
      else if (ctrl && event.key === 'Enter') { event.preventDefault(); setOpen({ kind: 'run' }) }
      else if (ctrl && key === 'f' && !isTyping) { event.preventDefault(); setOpen({ kind: 'search' }) }
      else if (!isTyping && ctrl && key === 'z') { event.preventDefault(); commands.travel(store, event.shiftKey ? 'redo' : 'undo') }
      else if (!isTyping && ctrl && key === 'y') { event.preventDefault(); commands.travel(store, 'redo') }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [store])

  const closePanel = () => store.select(null)
  const local = connections?.find((one) => one.app_id === 'AUTH0')
  return (
    <div className={`editor ${selected ? 'with-panel' : ''}`}>
      <Toolbar onOpen={setOpen} />
      <div className="editor-main">
        <div className="editor-stage">
          {actions.length === 0 && <div className="empty-flow"><p>This flow has no steps yet.</p><Button kind="primary" icon="plus" onClick={() => setOpen({ kind: 'catalogue', place: { parent: null, branch: 'then', index: 0 } })}>Add the first step</Button></div>}
          <Canvas {...canvas} />
          <ZoomBar />
          {run && <RunDrawer onAgain={(id) => { void getExecution(id).then(watch, reportError) }} />}
        </div>
        {selected && find(actions, selected) && <Panel id={selected} seen={seen} tab={panelTab} onTab={(tab) => setQuery({ tab: tab === 'form' ? null : tab })} onClose={closePanel} onRunStep={canvas.onRunStep} />}
      </div>
      {open?.kind === 'catalogue' && (
        <Catalogue onClose={() => setOpen(null)} onPaste={commands.hasCopied() ? () => { const { place } = open; setOpen(null); void commands.paste(store, place) } : null}
          onPick={(spec) => {
            const action = commands.blank(spec, store.ids(), spec.type === 'AUTH0' ? 'local' : connections?.find((one) => one.app_id === spec.type)?.id ?? local?.id ?? null)
            setOpen(null)
            commands.add(store, open.place, action)
            focusFirstField()
          }} />
      )}
      {open?.kind === 'run' && <RunDialog flowId={flowId} actions={actions} title={runTitle(store, open.step)} note={open.step ? runNote(open.step.mode) : store.isDirty ? 'This runs the flow as it is on the canvas, unsaved changes included.' : undefined} onClose={() => setOpen(null)} onRun={(request) => start(request, open.step)} />}
      {open?.kind === 'versions' && <Versions flowId={flowId} current={store.doc} isDirty={store.isDirty} onClose={() => setOpen(null)} onRolledBack={(flow) => { store.takeOver(docOf(flow)); invalidate('flow'); invalidate(`versions/${flowId}`); setOpen(null) }} />}
      {open?.kind === 'save' && <SaveDialog onSave={save} onClose={() => setOpen(null)} />}
      {open?.kind === 'keys' && <Keys onClose={() => setOpen(null)} />}
      {open?.kind === 'json' && specs && <FlowJson onClose={() => setOpen(null)} />}
      {open?.kind === 'search' && <FlowSearch onClose={() => setOpen(null)} />}
    </div>
  )
}

/** After adding a step, go to the first field that has to be filled in, once the form is drawn. */
function focusFirstField() {
  let tries = 0
  const isEmpty = (field: HTMLElement) => {
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) return field.value === ''
    const text = [...field.querySelectorAll('.cm-line')].map((line) => (line.querySelector('.cm-placeholder') ? '' : line.textContent)).join('').trim()
    return text === '' || text === '{}'
  }
  const look = () => {
    const isReady = !document.querySelector('.panel-body :is(.code > textarea, input.mono:not([id]))')
    const fields = [...document.querySelectorAll<HTMLElement>('.panel-body :is(input:not([type=checkbox]), .cm-content, select)')]
    const target = fields.find((field) => (field.hasAttribute('required') || field.hasAttribute('aria-required')) && isEmpty(field)) ?? fields.slice(2).find(isEmpty) ?? fields[2] ?? fields[1]
    if (target && isReady) target.focus()
    else if (tries++ < 25) setTimeout(look, 40)
  }
  setTimeout(look, 30)
}

const runTitle = (store: EditorStore, step?: { id: string; mode: 'only' | 'from' }) => (step ? `${step.mode === 'only' ? 'Run only' : 'Run from'} ${find(store.doc.actions, step.id)?.action.alias || step.id}` : 'Run the flow')
const runNote = (mode: 'only' | 'from') => (mode === 'only' ? 'Only this step runs. Outputs of earlier steps are the pinned ones, or those last seen.' : 'This step and what follows run. Outputs of earlier steps are the pinned ones, or those last seen.')

/** What to send for the whole flow, one step, or a step and what follows it. */
function partOf(store: EditorStore, _input: Input, step: { id: string; mode: 'only' | 'from' } | undefined, seen: Execution | null) {
  const { name, actions } = store.doc
  const outputs: Record<string, Json> = {}
  for (const one of seen?.debug?.steps ?? []) if (one.output !== null) outputs[one.id] = one.output
  Object.assign(outputs, store.get().pinned)
  if (!step) return { flow: { id: store.flowId, name, actions: actions as unknown as Json } }
  const found = find(actions, step.id)
  let rest = found ? [found.action] : []
  if (found && step.mode === 'from') {
    rest = []
    for (let place: Place | undefined = found.place; place;) {
      rest.push(...listAt(actions, place.parent, place.branch).slice(place.index))
      const owner: Place | undefined = place.parent === null ? undefined : find(actions, place.parent)?.place
      place = owner && { ...owner, index: owner.index + 1 }
    }
  }
  const inside = new Set([...walk(rest)].map((one) => one.action.id))
  const earlier = Object.fromEntries(Object.entries(outputs).filter(([id]) => !inside.has(id)))
  return { flow: { id: store.flowId, name, actions: rest as unknown as Json }, outputs: earlier }
}

/** Problems as the server's check sees them, and at once what can be told here. */
function useProblems(store: EditorStore) {
  const actions = useEditor((state) => state.history.now.actions)
  const specs = useActions()
  const has = useHas('POST /sluiceway/v1/check')
  useEffect(() => {
    if (!specs) return
    const stop = new AbortController()
    const quick = quickCheck(actions, specs)
    if (!has) { store.setProblems(quick); return }
    const timer = setTimeout(() => {
      post<{ findings?: (Problem & { pointer?: string })[]; problems?: Problem[] }>('/sluiceway/v1/check', { flow: { name: store.doc.name || 'Flow', actions } }, { signal: stop.signal })
        .then((answer) => {
          const told = (answer.findings ?? answer.problems ?? []).map((one) => ({ ...one, at: one.at.slice(one.at.indexOf('/actions') < 0 ? 0 : one.at.indexOf('/actions')) })).filter((one) => one.severity !== 'info')
          // What is still empty is said in our words; the rest in the server's.
          const places = new Set(told.map((one) => one.at))
          store.setProblems([...quick.filter((one) => /needed\.$/.test(one.message) && !places.has(one.at)), ...told])
        })
        .catch((error: Error) => { if (error.name !== 'AbortError') store.setProblems(quick) })
    }, 300)
    return () => { stop.abort(); clearTimeout(timer) }
  }, [actions, specs, has, store])
}

function Toolbar({ onOpen }: { onOpen: (open: Open) => void }) {
  const store = useStore()
  const history = useEditor((state) => state.history)
  const saved = useEditor((state) => state.saved)
  const problems = useEditor((state) => state.allProblems)
  const theirs = useEditor((state) => state.theirs)
  const dirty = useMemo(() => store.isDirty, [store, history.now, saved])
  const [naming, setNaming] = useState(false)
  return (
    <header className="editor-bar">
      <Link to="/flows" className="icon-btn" aria-label="To the flows" title="To the flows"><Icon name="left" size={18} /></Link>
      {naming
        ? <input className="input name-input" aria-label="Name of the flow" autoFocus maxLength={150} value={history.now.name} onChange={(event) => store.rename(event.target.value)} onBlur={() => setNaming(false)} onKeyDown={(event) => { if (event.key === 'Enter' || event.key === 'Escape') setNaming(false) }} />
        : <h1 className="ellipsis"><button type="button" className="name-button" title="Rename" onClick={() => setNaming(true)}>{history.now.name || 'Without a name'}<Icon name="edit" size={14} /></button></h1>}
      <span className={`save-state ${dirty ? 'dirty' : ''}`} role="status">{dirty ? 'Unsaved changes' : 'Saved'}</span>
      {theirs && <Button kind="quiet" small icon="warn" onClick={() => onOpen({ kind: 'save' })}>Changed elsewhere</Button>}
      <span className="grow" />
      {problems.length > 0 && <MenuButton label="Problems" className="btn small quiet problem-button" items={() => problems.slice(0, 30).map((problem) => { const owner = ownerOf(store, problem); return { label: owner ? `${owner.alias || owner.id}: ${problem.message}` : problem.message, icon: problem.severity === 'warning' ? 'info' as const : 'warn' as const, onSelect: () => { if (owner) { store.select(owner.id); commands.focusCard(owner.id) } } } })}><Icon name="warn" size={15} />{problems.length}<span className="hide-narrow"> {problems.length === 1 ? 'problem' : 'problems'}</span></MenuButton>}
      <IconButton icon="undo" label="Undo (Ctrl+Z)" disabled={!history.past.length} onClick={store.undo} />
      <IconButton icon="redo" label="Redo (Ctrl+Shift+Z)" disabled={!history.future.length} onClick={store.redo} />
      <Link to={`/flows/${seg(store.flowId)}/executions`} className="btn quiet small hide-narrow"><Icon name="runs" size={15} />Executions</Link>
      <Button kind="quiet" small icon="history" className="hide-narrow" onClick={() => onOpen({ kind: 'versions' })}>Versions</Button>
      <MenuButton label="More for this flow" className="icon-btn" items={() => [
        { label: 'Executions', icon: 'runs', onSelect: () => navigate(`/flows/${seg(store.flowId)}/executions`) },
        { label: 'Versions', icon: 'history', onSelect: () => onOpen({ kind: 'versions' }) },
        { label: 'Edit as JSON', icon: 'code', onSelect: () => onOpen({ kind: 'json' }) },
        { label: 'Find in this flow', icon: 'search', keys: 'Ctrl F', onSelect: () => onOpen({ kind: 'search' }) },
        { label: 'Export', icon: 'download', onSelect: () => void exportFlow(store) },
        { label: 'Download as a folder', icon: 'download', onSelect: () => void exportFolder([store.flowId], 'deploy-cli') },
        '-',
        { label: 'Collapse all branches', icon: 'collapse', onSelect: () => store.set({ collapsed: new Set([...walk(store.doc.actions)].filter((found) => found.action.action === 'BOOLEAN_CONDITION').map((found) => found.action.id)) }) },
        { label: 'Show all branches', icon: 'expand', onSelect: () => store.set({ collapsed: new Set() }) },
        { label: 'Keys', icon: 'keyboard', keys: '?', onSelect: () => onOpen({ kind: 'keys' }) },
      ]} />
      <Button small icon="play" onClick={() => onOpen({ kind: 'run' })}>Run</Button>
      <Button small kind="primary" icon="save" disabled={!dirty} onClick={() => onOpen({ kind: 'save' })}>Save</Button>
    </header>
  )
}

const ownerOf = (store: EditorStore, problem: Problem) => [...walk(store.doc.actions)].filter((found) => problem.at === found.pointer || problem.at.startsWith(`${found.pointer}/`)).at(-1)?.action

function FlowJson({ onClose }: { onClose: () => void }) {
  const store = useStore()
  const [text, setText] = useState(() => showJson(store.doc))
  const [error, setError] = useState('')
  const apply = () => {
    const parsed = parseTemplateJson(text)
    if (parsed.problem) { setError(parsed.problem.message); return }
    const value = parsed.value as { name?: unknown; actions?: unknown } | unknown[] | null
    const actions = Array.isArray(value) ? value : value?.actions
    if (!Array.isArray(actions) || !actions.every(commands.isAction)) { setError('Expected {name, actions} or a list of actions, each with id, type and action.'); return }
    store.replace({ name: !Array.isArray(value) && typeof value?.name === 'string' ? value.name : store.doc.name, actions })
    onClose()
  }
  return (
    <Dialog size="huge" title="The flow as JSON" onClose={onClose} foot={<><Button onClick={onClose}>Cancel</Button><Button kind="primary" onClick={apply}>Apply</Button></>}>
      <div className="stack s json-dialog">{error && <Note kind="bad">{error}</Note>}<div className="expanded"><CodeEditor language="json" label="The flow as JSON" value={text} onChange={setText} height="fill" autoFocus /></div></div>
    </Dialog>
  )
}

function FlowSearch({ onClose }: { onClose: () => void }) {
  const store = useStore()
  const specs = useActions()
  const [text, setText] = useState('')
  const words = text.trim().toLowerCase()
  const found = words ? [...walk(store.doc.actions)].flatMap(({ action }) => {
    const { then: _then, else: _else, ...own } = action.params ?? {}
    const hit = [action.id, action.alias ?? '', action.action, ...leaves(own as Json)].find((one) => one.toLowerCase().includes(words))
    return hit === undefined ? [] : [{ action, hit }]
  }) : []
  return (
    <Dialog title="Find in this flow" onClose={onClose}>
      <div className="stack s">
        <TextField label="Text in any field" value={text} onChange={setText} autoFocus />
        <ul className="stack s" aria-label="Found">
          {found.slice(0, 40).map(({ action, hit }) => <li key={action.id}><button type="button" className="run-step" onClick={() => { onClose(); store.select(action.id); commands.focusCard(action.id) }}><span className="grow"><b>{action.alias || specs?.find((spec) => spec.action === action.action && spec.type === action.type)?.title || action.id}</b><small className="ellipsis mono">{hit.slice(0, 120)}</small></span></button></li>)}
        </ul>
        {words && !found.length && <p className="muted" role="status">Nothing in this flow has “{text}”.</p>}
      </div>
    </Dialog>
  )
}

function leaves(value: Json): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(leaves)
  if (value && typeof value === 'object') return Object.entries(value).flatMap(([key, item]) => [key, ...leaves(item)])
  return value === null ? [] : [String(value)]
}

function ZoomBar() {
  const store = useStore()
  const zoom = useEditor((state) => state.zoom)
  const set = (next: number) => store.set({ zoom: Math.round(Math.max(0.3, Math.min(1.6, next)) * 10) / 10 })
  const fit = () => {
    const canvas = document.querySelector('.canvas')
    const sheet = document.querySelector('.sheet')
    if (canvas && sheet) set(Math.floor(zoom * Math.min(canvas.clientWidth / sheet.scrollWidth, canvas.clientHeight / sheet.scrollHeight) * 10) / 10 || 0.3)
  }
  return (
    <div className="zoom-bar" role="group" aria-label="Zoom">
      <IconButton small icon="minus" label="Smaller" onClick={() => set(zoom - 0.1)} disabled={zoom <= 0.3} />
      <button type="button" className="btn quiet small num" onClick={() => set(1)} aria-label={`${Math.round(zoom * 100)} percent: back to 100`}>{Math.round(zoom * 100)}%</button>
      <IconButton small icon="plus" label="Larger" onClick={() => set(zoom + 0.1)} disabled={zoom >= 1.6} />
      <IconButton small icon="expand" label="Fit to the window" onClick={fit} />
    </div>
  )
}

function RunDrawer({ onAgain }: { onAgain: (id: string) => void }) {
  const store = useStore()
  const run = useEditor((state) => state.run)
  const actions = useEditor((state) => state.history.now.actions)
  const { query } = useLocation()
  const tab = (query.get('pane') as StepTab | null) ?? 'output'
  const [small, setSmall] = useState(false)
  const [replaying, setReplaying] = useState(false)
  if (!run) return null
  const isDry = (run.execution as { dry_run?: boolean }).dry_run === true
  return (
    <section className={`run-drawer ${small ? 'small' : ''}`} aria-label="This run">
      <header className="run-drawer-head">
        <ExecutionTitle live={run} />
        {isDry && <span className="badge info">Dry run: nothing was called or sent</span>}
        <span className="grow" />
        {!isDry && !run.isLive && <Button small icon="diff" onClick={() => setReplaying(true)}>Replay</Button>}
        {replaying && <ReplayDialog execution={run.execution} edited={store.doc} onClose={() => setReplaying(false)} />}
        {!isDry && <ExecutionActions execution={run.execution} onAgain={onAgain} onGone={() => setQuery({ execution: null, step: null, pane: null })} />}
        <IconButton icon={small ? 'up' : 'down'} label={small ? 'Show the steps' : 'Make small'} onClick={() => setSmall(!small)} />
        <IconButton icon="close" label="Close the run" onClick={() => { store.set({ run: null }); setQuery({ execution: null, step: null, pane: null }) }} />
      </header>
      {!small && <ExecutionView live={run} actions={actions} onOpenStep={(id) => { store.select(id); setQuery({ tab: null }) }} step={query.get('step')} tab={tab} onTab={(pane) => setQuery({ pane })} onStep={(id) => {
        setQuery({ step: id })
        const card = id ? document.querySelector(`[data-card="${CSS.escape(id)}"]`) : null
        card?.scrollIntoView({ block: 'center', inline: 'center', behavior: 'smooth' })
      }} />}
    </section>
  )
}
