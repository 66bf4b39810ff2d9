/** What can be said at once while typing; the server's check has the last word where it is there. */
import type { Action, ActionSpec, Problem } from '../api/types.ts'
import { earlier, walk } from './tree.ts'

export function quickCheck(actions: readonly Action[], specs: readonly ActionSpec[]): Problem[] {
  const problems: Problem[] = []
  const seen = new Set<string>()
  for (const { action, pointer } of walk(actions)) {
    if (seen.has(action.id)) problems.push({ at: `${pointer}/id`, message: 'Another step has this id.', severity: 'error' })
    seen.add(action.id)
    const spec = specs.find((one) => one.type === action.type && one.action === action.action)
    for (const name of spec?.params.required ?? []) {
      const value = action.params?.[name]
      const title = spec?.params.properties?.[name]?.title ?? name
      if (value === undefined || value === null || value === '') problems.push({ at: `${pointer}/params/${name}`, message: `${title} is needed.`, severity: 'error' })
    }
    if (spec) for (const [name, schema] of Object.entries(spec.params.properties ?? {})) {
      const value = action.params?.[name]
      if (typeof value === 'string' && schema.maxLength && value.length > schema.maxLength) problems.push({ at: `${pointer}/params/${name}`, message: `At most ${schema.maxLength} characters fit; these are ${value.length}.`, severity: 'error' })
    }
    problems.push(...referenceProblems(actions, action, pointer))
  }
  return problems
}

function referenceProblems(actions: readonly Action[], action: Action, pointer: string): Problem[] {
  const { then: _then, else: _else, ...own } = action.params ?? {}
  const text = JSON.stringify(own)
  if (!text.includes('actions')) return []
  const before = new Set(earlier(actions, action.id).map((one) => one.action.id))
  const all = new Set([...walk(actions)].map((found) => found.action.id))
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(own)) {
    const found = new Set<string>()
    for (const [expression] of JSON.stringify(value).matchAll(/\{\{.*?\}\}/g)) {
      for (const hit of expression.matchAll(/(?<![\w$.])actions\.([\w$-]+)/g)) found.add(hit[1] ?? '')
    }
    for (const id of found) {
      if (before.has(id)) continue
      problems.push({ at: `${pointer}/params/${name}`, severity: 'error', message: all.has(id) ? `actions.${id} has not run when this step runs.` : `There is no step ${id}.` })
    }
  }
  return problems
}
