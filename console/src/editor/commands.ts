/** What can be done to the flow, from the menu, the keyboard and the toolbar alike. */
import type { Action, ActionSpec, Json, JsonObject } from '../api/types.ts'
import { copyWithNewIds, find, insert, listAt, move, newId, removeAction, step, walk, type Place } from '../flow/tree.ts'
import { copyText } from '../ui/controls.tsx'
import { toast } from '../ui/toasts.tsx'
import type { EditorStore } from './store.ts'

/** Steps last copied; the system's clipboard has them as JSON too, so that other windows can paste. */
let clipboard: Action[] = []

export function blank(spec: ActionSpec, taken: ReadonlySet<string>, connection: string | null): Action {
  const params: JsonObject = {}
  for (const [name, schema] of Object.entries(spec.params.properties ?? {})) {
    if (schema['x-widget'] === 'connection' && connection) params[name] = connection
    else if (schema['x-widget'] === 'condition') params[name] = { operator: 'AND', operands: [{ operator: 'EQ', operands: ['', ''] }] }
    else if (spec.branch_params.includes(name)) params[name] = []
    else if (schema.enum?.length) params[name] = schema.default ?? (schema.enum[0] as Json)
    else if (spec.params.required?.includes(name)) params[name] = emptyOf(schema)
  }
  return { id: newId(spec.action, taken), type: spec.type, action: spec.action, allow_failure: false, mask_output: false, params }
}

function emptyOf(schema: { type?: string | string[]; 'x-widget'?: string; anyOf?: { type?: string | string[] }[] }): Json {
  const types = [schema.type, ...(schema.anyOf ?? []).map((one) => one.type)].flat()
  if (schema['x-widget'] === 'json' || schema['x-widget'] === 'pairs') return types.includes('object') ? {} : types.includes('array') ? [] : ''
  if (types.includes('string')) return ''
  if (types.includes('object')) return {}
  if (types.includes('array')) return []
  if (types.includes('boolean')) return false
  return ''
}

export function add(store: EditorStore, place: Place, action: Action) {
  store.edit(insert(store.doc.actions, place, action))
  store.select(action.id)
}

export function placeAfter(store: EditorStore, id: string | null): Place {
  const found = id === null ? null : find(store.doc.actions, id)
  if (!found) return { parent: null, branch: 'then', index: store.doc.actions.length }
  return { ...found.place, index: found.place.index + 1 }
}

export function removeStep(store: EditorStore, id: string) {
  const found = find(store.doc.actions, id)
  if (!found) return
  const { parent, branch, index } = found.place
  const list = listAt(store.doc.actions, parent, branch)
  const next = list[index + 1] ?? list[index - 1]
  const count = [...walk([found.action])].length
  store.set({ selected: null })
  store.edit(removeAction(store.doc.actions, id))
  toast(count > 1 ? `Removed ${count} steps` : 'Removed the step', { action: { label: 'Undo', run: () => travel(store, 'undo') } })
  focusCard(next?.id ?? parent)
}

export function moveStep(store: EditorStore, id: string, direction: -1 | 1) {
  const to = step(store.doc.actions, id, direction)
  if (!to) return
  store.edit(move(store.doc.actions, id, to))
  focusCard(id)
}

export function dropStep(store: EditorStore, id: string, to: Place) {
  store.edit(move(store.doc.actions, id, to))
  focusCard(id)
}

export function copyStep(store: EditorStore, id: string, { cut = false } = {}) {
  const found = find(store.doc.actions, id)
  if (!found) return
  clipboard = [found.action]
  void copyText(JSON.stringify([found.action], null, 2))
  if (cut) removeStep(store, id)
  else toast('Copied. Paste with Ctrl+V, here or in another flow.')
}

export function duplicateStep(store: EditorStore, id: string) {
  const found = find(store.doc.actions, id)
  if (found) pasteActions(store, [found.action], placeAfter(store, id))
}

export async function paste(store: EditorStore, place: Place) {
  let actions = clipboard
  try {
    const parsed = JSON.parse(await navigator.clipboard.readText()) as unknown
    const list = Array.isArray(parsed) ? parsed : ((parsed as { actions?: unknown })?.actions ?? [parsed])
    if (Array.isArray(list) && list.length && list.every(isAction)) actions = list
  } catch { /* the clipboard is closed to us, or holds something else */ }
  if (!actions.length) {
    toast('There is no step to paste. Copy one first: Ctrl+C on a card.', { kind: 'bad' })
    return
  }
  pasteActions(store, actions, place)
}

export const hasCopied = () => clipboard.length > 0

export function isAction(value: unknown): value is Action {
  const action = value as Partial<Action> | null
  return typeof action === 'object' && action !== null && typeof action.id === 'string' && typeof action.type === 'string' && typeof action.action === 'string'
}

function pasteActions(store: EditorStore, actions: readonly Action[], place: Place) {
  const made = copyWithNewIds(actions, store.ids())
  store.edit(insert(store.doc.actions, place, ...made))
  const first = made[0]
  if (first) { store.select(first.id); focusCard(first.id) }
}

/** Undo or redo; focus goes to what came back, or to what stands before a card that went. */
export function travel(store: EditorStore, direction: 'undo' | 'redo') {
  const focused = document.activeElement?.closest<HTMLElement>('[data-card]')?.dataset['card']
  const before = [...walk(store.doc.actions)].map(({ action }) => action.id)
  store[direction]()
  const now = [...walk(store.doc.actions)].map(({ action }) => action.id)
  const back = now.find((id) => !before.includes(id))
  if (document.activeElement?.closest('.panel')) return
  if (back) focusCard(back)
  else if (focused && !now.includes(focused)) focusCard(before.slice(0, before.indexOf(focused)).findLast((id) => now.includes(id)) ?? now[0])
}

export function focusCard(id: string | null | undefined) {
  requestAnimationFrame(() => {
    const selector = id ? `[data-card="${CSS.escape(id)}"]` : '.canvas .add'
    const target = document.querySelector<HTMLElement>(selector)
    target?.focus({ preventScroll: true })
    target?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  })
}
