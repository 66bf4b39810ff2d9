/** The editor's state: the flow with its history, what is selected, and a run laid over it. */
import { createContext, useContext, useSyncExternalStore } from 'react'
import type { Action, Execution, Problem, Step } from '../api/types.ts'
import { begin, record, redo, undo, type History } from '../flow/history.ts'
import { touched } from '../flow/changes.ts'
import { allIds, find, walk } from '../flow/tree.ts'

export interface Doc { name: string; actions: Action[] }
export interface RunState { execution: Execution; steps: Record<string, Step>; order: string[]; isLive: boolean }

export interface EditorState {
  history: History<Doc>
  saved: Doc
  /** What somebody else saved while there was unsaved work here. */
  theirs: Doc | null
  selected: string | null
  collapsed: ReadonlySet<string>
  zoom: number
  problems: Record<string, readonly Problem[]>
  allProblems: readonly Problem[]
  run: RunState | null
  dragging: string | null
  /** Steps that are not as they were saved. */
  touched: Readonly<Record<string, 'new' | 'changed'>>
  /** Values shown in place of an output while completing and running from here; never in production. */
  pinned: Record<string, unknown>
}

export class EditorStore {
  private state: EditorState
  private readonly listeners = new Set<() => void>()
  readonly flowId: string
  /** As the server last told it: what is read later is compared with this. */
  base: Doc

  constructor(flowId: string, doc: Doc) {
    this.flowId = flowId
    this.base = doc
    this.state = {
      history: begin(doc), saved: doc, theirs: null, selected: null, collapsed: new Set(), zoom: 1,
      problems: {}, allProblems: [], run: null, dragging: null, touched: {}, pinned: readPinned(flowId),
    }
  }

  get = () => this.state
  get doc(): Doc { return this.state.history.now }
  get isDirty() { return !sameDoc(this.state.history.now, this.state.saved) }

  subscribe = (listener: () => void) => { this.listeners.add(listener); return () => this.listeners.delete(listener) }

  set(changes: Partial<EditorState>) {
    const before = this.state
    this.state = { ...before, ...changes }
    const { history, saved } = this.state
    if (history.now !== before.history.now || saved !== before.saved) this.state.touched = touched(saved.actions, history.now.actions)
    for (const listener of this.listeners) listener()
  }

  edit(actions: Action[], group = '') {
    const { history } = this.state
    if (actions !== history.now.actions) this.set({ history: record(history, { ...history.now, actions }, group) })
  }

  rename(name: string) {
    const { history } = this.state
    this.set({ history: record(history, { ...history.now, name }, 'name') })
  }

  replace(doc: Doc) { this.set({ history: record(this.state.history, doc) }) }

  undo = () => this.travel(undo(this.state.history))
  redo = () => this.travel(redo(this.state.history))

  private travel(history: History<Doc>) {
    const { selected } = this.state
    const isGone = selected !== null && !find(history.now.actions, selected)
    this.set({ history, ...(isGone ? { selected: null } : {}) })
  }

  /** *doc* is what is kept now; *told* is how the server told it. */
  markSaved(doc: Doc, told: Doc = doc) {
    this.base = told
    this.set({ saved: doc, theirs: null })
  }

  /** Go on from what somebody else saved; undo brings back what was here. */
  takeOver(doc: Doc) {
    this.replace(doc)
    this.markSaved(doc)
    const { selected } = this.state
    if (selected !== null && !find(doc.actions, selected)) this.set({ selected: null })
  }

  select(id: string | null) { if (id !== this.state.selected) this.set({ selected: id }) }

  toggleCollapsed(id: string) {
    const collapsed = new Set(this.state.collapsed)
    if (!collapsed.delete(id)) collapsed.add(id)
    this.set({ collapsed })
  }

  setProblems(problems: readonly Problem[]) {
    const byStep: Record<string, Problem[]> = {}
    const pointers = [...walk(this.doc.actions)].map((found) => [found.pointer, found.action.id] as const)
    for (const problem of problems) {
      const owner = pointers.filter(([pointer]) => problem.at === pointer || problem.at.startsWith(`${pointer}/`)).at(-1)
      if (owner) (byStep[owner[1]] ??= []).push({ ...problem, at: problem.at.slice(owner[0].length) })
    }
    this.set({ problems: byStep, allProblems: problems })
  }

  pin(id: string, value: unknown) {
    const pinned = { ...this.state.pinned }
    if (value === undefined) delete pinned[id]
    else pinned[id] = value
    this.set({ pinned })
    try { localStorage.setItem(`sluiceway.pins.${this.flowId}`, JSON.stringify(pinned)) } catch { /* pins last as long as the page */ }
  }

  ids() { return allIds(this.doc.actions) }
}

function readPinned(flowId: string): Record<string, unknown> {
  try { return JSON.parse(localStorage.getItem(`sluiceway.pins.${flowId}`) ?? '{}') as Record<string, unknown> } catch { return {} }
}

export function sameDoc(one: Doc, other: Doc) {
  return one === other || (one.name === other.name && (one.actions === other.actions || JSON.stringify(one.actions) === JSON.stringify(other.actions)))
}

export const StoreContext = createContext<EditorStore | null>(null)

export function useStore(): EditorStore {
  const store = useContext(StoreContext)
  if (!store) throw new Error('no editor around')
  return store
}

export function useEditor<T>(select: (state: EditorState) => T): T {
  const store = useStore()
  return useSyncExternalStore(store.subscribe, () => select(store.get()))
}
