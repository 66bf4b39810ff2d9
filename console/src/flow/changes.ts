/** What the server says of two flows, put together step by step; and which cards were touched at all. */
import type { Action, Json } from '../api/types.ts'
import { isCondition, walk } from './tree.ts'

export interface Place { parent: string | null; branch: string | null; index: number }
/** A flow's part of the answer of `POST /sluiceway/v1/diff`. */
export interface FlowChange {
  flow: string
  change: 'added' | 'removed' | 'changed' | 'same'
  name?: { before: string; after: string } | null
  renamed?: Record<string, string>
  removed?: { action: Action; place: Place }[]
  added?: { action: Action; place: Place }[]
  moved?: { id: string; before: Place; after: Place }[]
  swapped?: string[]
  changed?: { id: string; pointer: string; before?: Json; after?: Json }[]
}

export interface ValueChange { pointer: string; before: Json | undefined; after: Json | undefined }
export interface StepChange {
  id: string
  kind: 'added' | 'removed' | 'changed'
  action: Action
  /** What the step was called before. */
  was: string | null
  moved: { from: string; to: string } | null
  isSwapped: boolean
  changes: ValueChange[]
}

/** The steps that differ, in the order of the flow after; those that went come last. */
export function stepsOf(change: FlowChange, after: readonly Action[]): StepChange[] {
  const was = new Map(Object.entries(change.renamed ?? {}).map(([old, now]) => [now, old]))
  const added = new Map(change.added?.map((one) => [one.action.id, one]))
  const moved = new Map(change.moved?.map((one) => [one.id, { from: words(one.before), to: words(one.after) }]))
  const swapped = new Set(change.swapped)
  const steps: StepChange[] = []
  for (const { action } of walk(after)) {
    const changes = (change.changed ?? []).filter((one) => one.id === action.id).map(({ pointer, before, after: now }) => ({ pointer, before, after: now }))
    const step: StepChange = { id: action.id, kind: added.has(action.id) ? 'added' : 'changed', action, was: was.get(action.id) ?? null, moved: moved.get(action.id) ?? null, isSwapped: swapped.has(action.id), changes }
    if (step.kind === 'added' || step.was || step.moved || step.isSwapped || changes.length) steps.push(step)
  }
  for (const { action } of change.removed ?? []) steps.push({ id: action.id, kind: 'removed', action, was: null, moved: null, isSwapped: false, changes: [] })
  return steps
}

const words = (place: Place) => (place.parent === null ? `place ${place.index + 1}` : `${place.branch === 'then' ? 'TRUE' : 'FALSE'} of ${place.parent}, place ${place.index + 1}`)

/** Steps that are not as they were saved: `new`, or `changed` in something of their own. */
export function touched(saved: readonly Action[], now: readonly Action[]): Record<string, 'new' | 'changed'> {
  if (saved === now) return {}
  const before = new Map([...walk(saved)].map(({ action }) => [action.id, action]))
  const found: Record<string, 'new' | 'changed'> = {}
  for (const { action } of walk(now)) {
    const was = before.get(action.id)
    if (was === action) continue
    if (!was) found[action.id] = 'new'
    else if (own(was) !== own(action)) found[action.id] = 'changed'
  }
  return found
}

function own(action: Action): string {
  if (!isCondition(action)) return JSON.stringify(action)
  const { then: _then, else: _else, ...params } = action.params ?? {}
  return JSON.stringify({ ...action, params })
}
