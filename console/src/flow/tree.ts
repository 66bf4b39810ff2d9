/** Pure edits of a flow: nested lists of actions. What an edit does not touch keeps its identity. */
import type { Action, Json, JsonObject } from '../api/types.ts'

export const BRANCHES = ['then', 'else'] as const
export type Branch = (typeof BRANCHES)[number]

/** Where a step stands: a list (of the flow, or a condition's branch) and the place in it. */
export interface Place { parent: string | null; branch: Branch; index: number }

export const ROOT: Omit<Place, 'index'> = { parent: null, branch: 'then' }

export const isCondition = (action: Action) => action.type === 'FLOW' && action.action === 'BOOLEAN_CONDITION'

export function branchOf(action: Action, branch: Branch): Action[] {
  const list = action.params?.[branch]
  return Array.isArray(list) ? (list as unknown as Action[]) : []
}

export function* walk(actions: readonly Action[], parent: string | null = null, branch: Branch = 'then', depth = 0): Generator<{ action: Action; place: Place; depth: number; pointer: string }> {
  yield* walkFrom(actions, parent, branch, depth, '/actions')
}

function* walkFrom(actions: readonly Action[], parent: string | null, branch: Branch, depth: number, base: string): Generator<{ action: Action; place: Place; depth: number; pointer: string }> {
  for (const [index, action] of actions.entries()) {
    const pointer = `${base}/${index}`
    yield { action, place: { parent, branch, index }, depth, pointer }
    if (!isCondition(action)) continue
    for (const name of BRANCHES) yield* walkFrom(branchOf(action, name), action.id, name, depth + 1, `${pointer}/params/${name}`)
  }
}

export function find(actions: readonly Action[], id: string): { action: Action; place: Place; pointer: string; depth: number } | null {
  for (const found of walk(actions)) if (found.action.id === id) return found
  return null
}

export const allIds = (actions: readonly Action[]) => new Set([...walk(actions)].map((found) => found.action.id))

export function listAt(actions: readonly Action[], parent: string | null, branch: Branch): readonly Action[] {
  if (parent === null) return actions
  const found = find(actions, parent)
  return found ? branchOf(found.action, branch) : []
}

/** Change one list; every condition on the way to it is made anew, nothing else is. */
function editList(actions: readonly Action[], parent: string | null, branch: Branch, edit: (list: readonly Action[]) => Action[]): Action[] {
  if (parent === null) return edit(actions)
  return editActions(actions, parent, (action) => ({ ...action, params: { ...action.params, [branch]: edit(branchOf(action, branch)) as unknown as Json } }))
}

function editActions(actions: readonly Action[], id: string, edit: (action: Action) => Action): Action[] {
  let changed = false
  const next = actions.map((action) => {
    if (changed) return action
    if (action.id === id) { changed = true; return edit(action) }
    if (!isCondition(action)) return action
    for (const name of BRANCHES) {
      const list = branchOf(action, name)
      const edited = editActions(list, id, edit)
      if (edited !== list) {
        changed = true
        return { ...action, params: { ...action.params, [name]: edited as unknown as Json } }
      }
    }
    return action
  })
  return changed ? next : (actions as Action[])
}

export const replaceAction = (actions: readonly Action[], id: string, edit: (action: Action) => Action) => editActions(actions, id, edit)

export function insert(actions: readonly Action[], place: Place, ...added: Action[]): Action[] {
  return editList(actions, place.parent, place.branch, (list) => [...list.slice(0, place.index), ...added, ...list.slice(place.index)])
}

export function removeAction(actions: readonly Action[], id: string): Action[] {
  const found = find(actions, id)
  if (!found) return actions as Action[]
  return editList(actions, found.place.parent, found.place.branch, (list) => list.filter((action) => action.id !== id))
}

export function contains(action: Action, id: string): boolean {
  return action.id === id || BRANCHES.some((name) => isCondition(action) && branchOf(action, name).some((child) => contains(child, id)))
}

/** Move a step; into itself is refused and changes nothing. */
export function move(actions: readonly Action[], id: string, to: Place): Action[] {
  const found = find(actions, id)
  if (!found || (to.parent !== null && contains(found.action, to.parent))) return actions as Action[]
  const from = found.place
  const isSameList = from.parent === to.parent && (from.branch === to.branch || to.parent === null)
  const index = isSameList && from.index < to.index ? to.index - 1 : to.index
  if (isSameList && index === from.index) return actions as Action[]
  return insert(removeAction(actions, id), { ...to, index }, found.action)
}

/** The place one up or down: past a neighbour, into a condition beside it, or out of its own. */
export function step(actions: readonly Action[], id: string, direction: -1 | 1): Place | null {
  const found = find(actions, id)
  if (!found) return null
  const { parent, branch, index } = found.place
  const list = listAt(actions, parent, branch)
  const neighbour = list[index + direction]
  if (neighbour) {
    if (isCondition(neighbour)) {
      const into: Branch = direction === 1 ? 'then' : 'else'
      return { parent: neighbour.id, branch: into, index: direction === 1 ? 0 : branchOf(neighbour, into).length }
    }
    return { parent, branch, index: direction === 1 ? index + 2 : index - 1 }
  }
  if (parent === null) return null
  if (direction === 1 && branch === 'then') return { parent, branch: 'else', index: 0 }
  if (direction === -1 && branch === 'else') {
    const owner = find(actions, parent)
    return { parent, branch: 'then', index: owner ? branchOf(owner.action, 'then').length : 0 }
  }
  const outer = find(actions, parent)
  if (!outer) return null
  return { ...outer.place, index: direction === 1 ? outer.place.index + 1 : outer.place.index }
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** An id like those of the Dashboard: `send_email_PH5z`. */
export function newId(actionName: string, taken: ReadonlySet<string>): string {
  const stem = actionName.toLowerCase().replace(/[^a-z0-9]+/g, '_')
  for (;;) {
    const random = crypto.getRandomValues(new Uint8Array(4))
    const id = `${stem}_${[...random].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')}`
    if (!taken.has(id)) return id
  }
}

/** A copy of steps with ids of their own; references among them follow. */
export function copyWithNewIds(copied: readonly Action[], taken: ReadonlySet<string>): Action[] {
  const renames = new Map<string, string>()
  const used = new Set(taken)
  for (const { action } of walk(copied)) {
    const id = used.has(action.id) ? newId(action.action, used) : action.id
    used.add(id)
    if (id !== action.id) renames.set(action.id, id)
  }
  const rename = (action: Action): Action => {
    const params = renameReferences((action.params ?? {}) as Json, renames) as JsonObject
    const next: Action = { ...action, id: renames.get(action.id) ?? action.id, ...(action.params ? { params } : {}) }
    if (isCondition(action)) for (const name of BRANCHES) {
      if (action.params?.[name]) next.params = { ...next.params, [name]: branchOf(action, name).map(rename) as unknown as Json }
    }
    return next
  }
  return copied.map(rename)
}

/** Rename `actions.<old>` in every expression of a value; other text stays to the letter. */
export function renameReferences(value: Json, renames: ReadonlyMap<string, string>): Json {
  if (!renames.size) return value
  if (typeof value === 'string') {
    if (!value.includes('actions')) return value
    return value.replace(/\{\{[\s\S]*?\}\}/g, (expression) =>
      expression.replace(/(?<![\w$.])(actions\s*(?:\.\s*|\[\s*(["'])))([\w$-]+)/g, (whole, before: string, _quote: string | undefined, id: string) => (renames.has(id) ? before + renames.get(id) : whole)))
  }
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, renames))
  if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renameReferences(item, renames)]))
  return value
}

/** Give a step another id, and every reference to it too. */
export function renameId(actions: readonly Action[], from: string, to: string): Action[] {
  const renames = new Map([[from, to]])
  const rename = (action: Action): Action => {
    const params = action.params ? (renameReferences(action.params as Json, renames) as JsonObject) : undefined
    const next: Action = { ...action, id: action.id === from ? to : action.id, ...(params ? { params } : {}) }
    if (isCondition(action)) for (const name of BRANCHES) {
      if (action.params?.[name]) next.params = { ...next.params, [name]: branchOf(action, name).map(rename) as unknown as Json }
    }
    return next
  }
  return actions.map(rename)
}

/** Actions after which a flow does not go on. */
export const endsFlow = (action: Action) => action.type === 'FLOW' && (action.action === 'ERROR_MESSAGE' || action.action === 'RETURN_JSON')

/** Whether no way through these steps comes out at their end. */
const isDeadEnd = (list: readonly Action[]): boolean => list.some((action) => endsFlow(action) || (isCondition(action) && BRANCHES.every((name) => isDeadEnd(branchOf(action, name)))))

/** Steps that can have run before another: earlier ones, the conditions around it, and what may have run in earlier branches. */
export function earlier(actions: readonly Action[], id: string): { action: Action; certain: boolean }[] {
  const found: { action: Action; certain: boolean }[] = []
  visit(actions)
  return found

  /** Tell whether the step was reached inside *list*. */
  function visit(list: readonly Action[]): boolean {
    for (const action of list) {
      if (action.id === id) return true
      found.push({ action, certain: true })
      if (!isCondition(action)) continue
      const around = BRANCHES.find((name) => branchOf(action, name).some((child) => contains(child, id)))
      if (around) return visit(branchOf(action, around))
      passed(action, true)
    }
    return false
  }

  /** What may have run inside a condition that was come out of. */
  function passed(condition: Action, certain: boolean) {
    const open = BRANCHES.filter((name) => !isDeadEnd(branchOf(condition, name)))
    for (const name of open) {
      const isSure = certain && open.length === 1
      for (const action of branchOf(condition, name)) {
        found.push({ action, certain: isSure })
        if (isCondition(action)) passed(action, isSure)
      }
    }
  }
}
