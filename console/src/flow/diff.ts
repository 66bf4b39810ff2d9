/** Two wordings of a flow by meaning: which steps came, went, moved, and which values changed. */
import type { Action, Json } from '../api/types.ts'
import { walk, type Place } from './tree.ts'

export interface ValueChange { pointer: string; before: Json | undefined; after: Json | undefined }
export interface StepDiff { id: string; kind: 'added' | 'removed' | 'changed'; action: Action; moved: { from: string; to: string } | null; changes: ValueChange[] }

interface Wording { name: string; actions: readonly Action[] }

export function diffFlows(before: Wording, after: Wording): { name: ValueChange | null; steps: StepDiff[] } {
  const old = index(before.actions)
  const now = index(after.actions)
  const kept = [...now.keys()].filter((id) => old.has(id))
  const still = unmoved(kept, old, now)
  const steps: StepDiff[] = []
  for (const [id, { action, place }] of now) {
    const was = old.get(id)
    if (!was) { steps.push({ id, kind: 'added', action, moved: null, changes: [] }); continue }
    const changes = compare(own(was.action), own(action), '')
    const moved = still.has(id) ? null : { from: words(was.place), to: words(place) }
    if (changes.length || moved) steps.push({ id, kind: 'changed', action, moved, changes })
  }
  for (const [id, { action }] of old) if (!now.has(id)) steps.push({ id, kind: 'removed', action, moved: null, changes: [] })
  return { name: before.name === after.name ? null : { pointer: '/name', before: before.name, after: after.name }, steps }
}

type Found = { action: Action; place: Place }
const index = (actions: readonly Action[]) => new Map<string, Found>([...walk(actions)].map(({ action, place }) => [action.id, { action, place }]))
const words = (place: Place) => (place.parent === null ? `place ${place.index + 1}` : `${place.branch === 'then' ? 'TRUE' : 'FALSE'} of ${place.parent}, place ${place.index + 1}`)
const listOf = (place: Place) => `${place.parent ?? ''}/${place.parent === null ? '' : place.branch}`

/** The most steps that can be said to stand where they stood: a longest rising row in each list. */
function unmoved(kept: readonly string[], old: Map<string, Found>, now: Map<string, Found>): Set<string> {
  const lists = new Map<string, string[]>()
  for (const id of kept) {
    const [from, to] = [old.get(id), now.get(id)]
    if (from && to && listOf(from.place) === listOf(to.place)) lists.set(listOf(to.place), [...(lists.get(listOf(to.place)) ?? []), id])
  }
  const result = new Set<string>()
  for (const ids of lists.values()) {
    const rank = ids.map((id) => old.get(id)?.place.index ?? 0)
    const best: number[] = []
    const back: number[] = []
    for (let at = 0; at < ids.length; at++) {
      best[at] = 1
      back[at] = -1
      for (let earlier = 0; earlier < at; earlier++) {
        if ((rank[earlier] ?? 0) < (rank[at] ?? 0) && (best[earlier] ?? 0) + 1 > (best[at] ?? 0)) { best[at] = (best[earlier] ?? 0) + 1; back[at] = earlier }
      }
    }
    for (let at = best.indexOf(Math.max(...best)); at >= 0; at = back[at] ?? -1) result.add(ids[at] ?? '')
  }
  return result
}

function own(action: Action): Json {
  const { then: _then, else: _else, ...params } = action.params ?? {}
  const isFork = action.action === 'BOOLEAN_CONDITION'
  return { ...action, alias: action.alias ?? '', allow_failure: action.allow_failure ?? false, mask_output: action.mask_output ?? false, params: isFork ? params : action.params ?? {} } as unknown as Json
}

function compare(before: Json | undefined, after: Json | undefined, pointer: string): ValueChange[] {
  if (isObject(before) && isObject(after)) {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => compare(before[key], after[key], `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`))
  }
  return same(before, after) ? [] : [{ pointer, before, after }]
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } => typeof value === 'object' && value !== null && !Array.isArray(value)

function same(one: Json | undefined, other: Json | undefined): boolean {
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, at) => same(item, other[at]))
  if (isObject(one) && isObject(other)) return Object.keys(one).length === Object.keys(other).length && Object.keys(one).every((key) => same(one[key], other[key]))
  return one === other
}
