/** The flow as a tree of nested lists: what is read out, tabbed through and drawn has one order. */
import { createContext, memo, use, useEffect, useRef, type KeyboardEvent } from 'react'
import { useActions } from '../api/resources.ts'
import type { Action, ActionSpec } from '../api/types.ts'
import { BRANCHES, branchOf, contains, endsFlow, find, isCondition, walk, type Branch, type Place } from '../flow/tree.ts'
import { Icon, Spinner } from '../ui/Icon.tsx'
import { MenuButton, type MenuItem } from '../ui/Menu.tsx'
import * as commands from './commands.ts'
import { hueOf, iconOf, subtitleOf, titleOf } from './look.ts'
import { useEditor, useStore, type EditorState } from './store.ts'

export interface CanvasProps {
  onAdd: (place: Place) => void
  onOpen: (id: string) => void
  onRunStep: (id: string, mode: 'only' | 'from') => void
  onHelp: () => void
}

const SpecsContext = createContext<readonly ActionSpec[] | undefined>(undefined)
const latest: { props: CanvasProps | null } = { props: null }

export function Canvas(props: CanvasProps) {
  latest.props = props
  const store = useStore()
  const actions = useEditor((state) => state.history.now.actions)
  const zoom = useEditor((state) => state.zoom)
  const isDragging = useEditor((state) => state.dragging !== null)
  const hasRun = useEditor((state) => state.run !== null)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // The root may be far to the right in a wide tree.
    const root = box.current?.querySelector('.start')
    root?.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [])
  const specs = useActions()
  return (
    <SpecsContext value={specs}><div ref={box} className={`canvas ${isDragging ? 'dragging' : ''} ${hasRun ? 'has-run' : ''}`} role="region" aria-label="The flow’s steps" tabIndex={-1} onKeyDown={(event) => onKey(event, store, props)}
      onClick={(event) => { if (event.target === event.currentTarget || (event.target as HTMLElement).classList.contains('sheet')) store.select(null) }}>
      <div className="sheet" style={{ zoom }}>
        <div className="start"><span className="step-icon start-icon"><Icon name="play" size={15} /></span>Start</div>
        <StepList actions={actions} parent={null} branch="then" label="Steps" isOuter />
      </div>
    </div></SpecsContext>
  )
}

const StepList = memo(function StepList({ actions, parent, branch, label, isOuter }: { actions: readonly Action[]; parent: string | null; branch: Branch; label: string; isOuter?: boolean }) {
  const last = actions.at(-1)
  const ends = last !== undefined && endsFlow(last)
  return (
    <ol className="steps" aria-label={label}>
      <li className="join"><AddButton parent={parent} branch={branch} index={0} where={isOuter ? 'at the start' : `at the start of ${label}`} /></li>
      {actions.map((action, index) => <StepItem key={action.id} action={action} parent={parent} branch={branch} index={index} />)}
      <li className={`finish ${ends ? 'ends' : ''} ${isOuter ? 'outer' : ''}`}>
        <span>{ends ? 'END' : isOuter ? 'END OF FLOW' : 'CONTINUE'}</span>
      </li>
    </ol>
  )
})

const StepItem = memo(function StepItem({ action, parent, branch, index }: { action: Action; parent: string | null; branch: Branch; index: number }) {
  return (
    <>
      <li className="step">
        <Card action={action} />
        {isCondition(action) && <Branches action={action} />}
      </li>
      <li className="join"><AddButton parent={parent} branch={branch} index={index + 1} where={`after ${action.alias || action.id}`} /></li>
    </>
  )
})

function Branches({ action }: { action: Action }) {
  const collapsed = useEditor((state) => state.collapsed.has(action.id))
  if (collapsed) return <CollapsedNote id={action.id} count={[...walk([action])].length - 1} />
  return (
    <div className="branches">
      {BRANCHES.map((name) => (
        <div key={name} className={`branch ${name}`}>
          <span className={`branch-name ${name}`}>{name === 'then' ? 'TRUE' : 'FALSE'}</span>
          <StepList actions={branchOf(action, name)} parent={action.id} branch={name} label={`${name === 'then' ? 'true' : 'false'} of ${action.alias || action.id}`} />
        </div>
      ))}
    </div>
  )
}

function CollapsedNote({ id, count }: { id: string; count: number }) {
  const store = useStore()
  return <button type="button" className="collapsed-note" onClick={() => store.toggleCollapsed(id)}>{count} {count === 1 ? 'step' : 'steps'} hidden · show</button>
}

const AddButton = memo(function AddButton({ parent, branch, index, where }: Place & { where: string }) {
  const store = useStore()
  const place: Place = { parent, branch, index }
  const box = useRef<HTMLButtonElement>(null)
  const mayDrop = () => {
    const { dragging } = store.get()
    if (!dragging) return false
    const found = find(store.doc.actions, dragging)
    return found !== null && (place.parent === null || !contains(found.action, place.parent))
  }
  return (
    <button ref={box} type="button" className="add" aria-label={`Add a step ${where}`} title="Add a step"
      onClick={() => latest.props?.onAdd(place)}
      onDragOver={(event) => { if (mayDrop()) { event.preventDefault(); box.current?.classList.add('over') } }}
      onDragLeave={() => box.current?.classList.remove('over')}
      onDrop={(event) => {
        event.preventDefault()
        box.current?.classList.remove('over')
        const { dragging } = store.get()
        store.set({ dragging: null })
        if (dragging) commands.dropStep(store, dragging, place)
      }}>
      <Icon name="plus" size={14} />
    </button>
  )
})

/** What a card shows of the editor's state, as one text: one subscription a card, drawn anew when it differs. */
function lookOf(state: EditorState, id: string): string {
  const step = state.run?.steps[id]
  const status = state.run ? step?.status ?? (state.run.isLive ? 'WAITING' : 'SKIPPED') : ''
  return [state.selected === id ? 1 : 0, state.problems[id]?.length ?? 0, id in state.pinned ? 1 : 0, status, step?.status_code ?? '', state.touched[id] ?? ''].join()
}

const Card = memo(function Card({ action }: { action: Action }) {
  const store = useStore()
  const specs = use(SpecsContext)
  const [on, problemCount, isPinned, statusText, codeText, touched] = useEditor((state) => lookOf(state, action.id)).split(',')
  const isSelected = on === '1'
  const problems = Number(problemCount)
  const pinned = isPinned === '1'
  const status = statusText || null
  const code = codeText ? Number(codeText) : null
  const title = titleOf(action, specs)
  const subtitle = subtitleOf(action)
  const items = (): MenuItem[] => [
    { label: 'Open', icon: 'panel', keys: '⏎', onSelect: () => latest.props?.onOpen(action.id) },
    { label: 'Run only this step', icon: 'play', onSelect: () => latest.props?.onRunStep(action.id, 'only') },
    { label: 'Run from here', icon: 'skip', onSelect: () => latest.props?.onRunStep(action.id, 'from') },
    '-',
    { label: 'Add a step after', icon: 'plus', keys: 'A', onSelect: () => latest.props?.onAdd(commands.placeAfter(store, action.id)) },
    { label: 'Duplicate', icon: 'copy', keys: 'Ctrl D', onSelect: () => commands.duplicateStep(store, action.id) },
    { label: 'Copy', icon: 'copy', keys: 'Ctrl C', onSelect: () => commands.copyStep(store, action.id) },
    { label: 'Cut', icon: 'cut', keys: 'Ctrl X', onSelect: () => commands.copyStep(store, action.id, { cut: true }) },
    { label: 'Paste after', icon: 'paste', keys: 'Ctrl V', onSelect: () => void commands.paste(store, commands.placeAfter(store, action.id)) },
    { label: 'Move up', icon: 'up', keys: 'Alt ↑', onSelect: () => commands.moveStep(store, action.id, -1) },
    { label: 'Move down', icon: 'down', keys: 'Alt ↓', onSelect: () => commands.moveStep(store, action.id, 1) },
    ...(isCondition(action) ? [{ label: store.get().collapsed.has(action.id) ? 'Show branches' : 'Hide branches', icon: 'collapse', keys: 'Space', onSelect: () => store.toggleCollapsed(action.id) } as const] : []),
    '-',
    { label: 'Remove', icon: 'trash', keys: 'Del', bad: true, onSelect: () => commands.removeStep(store, action.id) },
  ]
  return (
    <div className={`step-card ${isSelected ? 'on' : ''} ${touched ? `touched ${touched}` : ''} ${problems ? 'has-problems' : ''} ${status ? `run-${status.toLowerCase()}` : ''}`} draggable
      onDragStart={(event) => {
        event.dataTransfer.effectAllowed = 'move'
        event.dataTransfer.setData('text/plain', action.id)
        // Chromium ends a drag whose source changes while it begins.
        setTimeout(() => store.set({ dragging: action.id }), 0)
      }}
      onDragEnd={() => store.set({ dragging: null })}>
      <button type="button" className="card-main" data-card={action.id} title={touched === 'new' ? 'New since the last save' : touched ? 'Changed since the last save' : undefined} aria-current={isSelected ? 'true' : undefined} aria-expanded={isSelected}
        onClick={() => { store.select(action.id); latest.props?.onOpen(action.id) }}>
        <span className={`step-icon ${hueOf(action.type, action.action)}`}><Icon name={iconOf(action.type, action.action)} size={18} /></span>
        <span className="card-text"><span className="card-title">{title}</span>{subtitle && <span className="card-sub" title={subtitle}>{subtitle}</span>}</span>
        {status && <RunMark status={status} code={code} />}
        {pinned && <span className="card-pin" title="An output is pinned for trying out"><Icon name="pin" size={13} /><span className="sr">pinned output</span></span>}
        {problems > 0 && <span className="badge bad" title={`${problems} to mend`}><Icon name="warn" size={12} />{problems}<span className="sr"> {problems === 1 ? 'problem' : 'problems'}</span></span>}
      </button>
      <MenuButton label={`More for ${action.alias || title}`} items={items} />
    </div>
  )
})

export function RunMark({ status, code }: { status: string; code?: number | null }) {
  if (status === 'RUNNING') return <span className="run-mark running"><Spinner size={15} /><span className="sr">running</span></span>
  if (status === 'COMPLETED') return <span className={`run-mark ${code && code >= 400 ? 'odd' : 'good'}`}>{code ? <span className="num">{code}</span> : <Icon name="check" size={14} />}<span className="sr"> completed</span></span>
  if (status === 'FAILED') return <span className="run-mark bad"><Icon name="close" size={14} /><span className="sr">failed</span></span>
  if (status === 'DELAYED') return <span className="run-mark wait"><Icon name="clock" size={14} /><span className="sr">waiting</span></span>
  if (status === 'SKIPPED') return <span className="sr">did not run</span>
  return null
}

function onKey(event: KeyboardEvent, store: ReturnType<typeof useStore>, props: CanvasProps) {
  const target = event.target as HTMLElement
  const card = target.dataset['card'] ?? target.closest('.step-card')?.querySelector<HTMLElement>('[data-card]')?.dataset['card'] ?? null
  const ctrl = event.ctrlKey || event.metaKey
  const done = (act: () => void) => { event.preventDefault(); event.stopPropagation(); act() }
  const cards = () => [...document.querySelectorAll<HTMLElement>('.canvas [data-card]')]
  const walkTo = (offset: number) => {
    const all = cards()
    const at = all.findIndex((one) => one.dataset['card'] === card)
    const next = all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + offset))]
    commands.focusCard(next?.dataset['card'])
  }
  if (event.key === '?') return done(props.onHelp)
  if (event.key === 'ArrowDown' && !event.altKey) return done(() => walkTo(1))
  if (event.key === 'ArrowUp' && !event.altKey) return done(() => walkTo(-1))
  if (event.key === 'Home') return done(() => commands.focusCard(cards()[0]?.dataset['card']))
  if (event.key === 'End') return done(() => commands.focusCard(cards().at(-1)?.dataset['card']))
  if (ctrl && event.key.toLowerCase() === 'v') return done(() => void commands.paste(store, commands.placeAfter(store, card)))
  if (!card) return
  const found = find(store.doc.actions, card)
  if (!found) return
  if (event.altKey && event.key === 'ArrowDown') return done(() => commands.moveStep(store, card, 1))
  if (event.altKey && event.key === 'ArrowUp') return done(() => commands.moveStep(store, card, -1))
  if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') return done(() => sideways(event.key === 'ArrowRight', found, store))
  if (event.key === 'Delete' || event.key === 'Backspace') return done(() => commands.removeStep(store, card))
  if (ctrl && event.key.toLowerCase() === 'c' && !String(getSelection())) return done(() => commands.copyStep(store, card))
  if (ctrl && event.key.toLowerCase() === 'x') return done(() => commands.copyStep(store, card, { cut: true }))
  if (ctrl && event.key.toLowerCase() === 'd') return done(() => commands.duplicateStep(store, card))
  if (!ctrl && !event.altKey && event.key.toLowerCase() === 'a') return done(() => props.onAdd(commands.placeAfter(store, card)))
  if (event.key === ' ' && isCondition(found.action) && target.dataset['card']) return done(() => store.toggleCollapsed(card))
}

/** Into a condition's branches, and from one branch to the other. */
function sideways(right: boolean, found: NonNullable<ReturnType<typeof find>>, store: ReturnType<typeof useStore>) {
  if (right && isCondition(found.action)) {
    const first = branchOf(found.action, 'then')[0] ?? branchOf(found.action, 'else')[0]
    if (first) return commands.focusCard(first.id)
  }
  const { parent, branch } = found.place
  if (parent === null) return
  const owner = find(store.doc.actions, parent)
  if (!owner) return
  const wanted: Branch = right ? 'else' : 'then'
  const target = branch === wanted ? null : branchOf(owner.action, wanted)[0]
  commands.focusCard(target?.id ?? (right ? undefined : parent) ?? found.action.id)
}
