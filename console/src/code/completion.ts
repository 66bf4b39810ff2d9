/** Completion inside `{{ }}`: the same engine in every field, limited to what can be read there. */
import { pickedCompletion, snippetCompletion, startCompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete'
import type { EditorView } from '@codemirror/view'
import { LIQUID_FILTERS, LIQUID_TAGS, preview, type Item, type Scope } from '../flow/scope.ts'
import type { Language } from './languages.ts'

const PLAIN = /^[A-Za-z_$][\w$]*$/

export function completions(language: Language, scope: () => Scope | null) {
  const isLiquid = language.startsWith('liquid')
  return (context: CompletionContext): CompletionResult | null => {
    const known = scope()
    if (!known) return null
    const before = context.state.sliceDoc(Math.max(0, context.pos - 2000), context.pos)
    const output = before.lastIndexOf('{{')
    const tag = isLiquid ? before.lastIndexOf('{%') : -1
    const open = Math.max(output, tag)
    if (open < 0 || before.slice(open).match(tag > output ? /%\}/ : /\}\}/)) return null
    const inside = before.slice(open + 2)
    if (tag > output && /^-?\s*\w*$/.test(inside)) {
      const typed = /\w*$/.exec(inside)?.[0] ?? ''
      return { from: context.pos - typed.length, options: LIQUID_TAGS.map((label) => ({ label, type: 'keyword' })), validFor: /^\w*$/ }
    }
    const filter = isLiquid ? /\|\s*(\w*)$/.exec(inside) : null
    if (filter) return { from: context.pos - (filter[1]?.length ?? 0), options: LIQUID_FILTERS.map((label, index) => ({ label, type: 'function', boost: -index / 2 })), validFor: /^\w*$/ }
    const path = /(?:^|[^\w$.\])'"])((?:[A-Za-z_$][\w$]*(?:\.[\w$-]+|\[(?:"[^"]*"|'[^']*'|\d+)\])*\.)?)([\w$-]*)$/.exec(inside)
    if (!path) return null
    const parts = segmentsOf(path[1] ?? '')
    const typed = path[2] ?? ''
    const items = isLiquid ? known.liquid(parts) : known.expression(parts)
    if (!items.length) return null
    return { from: context.pos - typed.length, options: items.map((item, index) => toCompletion(item, parts, index)), validFor: /^[\w$-]*$/ }
  }
}

function segmentsOf(text: string): string[] {
  return [...text.matchAll(/[\w$-]+|"([^"]*)"|'([^']*)'/g)].map((hit) => hit[1] ?? hit[2] ?? hit[0])
}

const BOOST: Partial<Record<string, number>> = { custom_vars: 30, fields: 20, actions: 19, context: 18, vars: 17, functions: 16, user: 20 }

function toCompletion(item: Item, path: readonly string[], index: number): Completion {
  const base: Completion = {
    label: item.label,
    detail: item.detail,
    type: ({ root: 'namespace', step: 'class', key: 'property', function: 'function', filter: 'function', tag: 'keyword' } as const)[item.kind],
    // The nearest step first: it is the likeliest to be meant.
    boost: item.kind === 'step' ? Math.min(90, index) : path.length ? 0 : BOOST[item.label] ?? 0,
    info: item.info || item.value !== undefined ? () => explain(item) : undefined,
  }
  if (item.kind === 'function') return snippetCompletion(`${item.label}(\${})`, base)
  if (PLAIN.test(item.label)) return item.hasMore ? { ...base, apply: goOn(item.label) } : base
  // A name that is no plain word stands in brackets: the dot before it goes.
  return { ...base, apply: (view, completion, from, to) => {
    const insert = `[${JSON.stringify(item.label)}]`
    const start = view.state.sliceDoc(from - 1, from) === '.' ? from - 1 : from
    view.dispatch({ changes: { from: start, to, insert }, selection: { anchor: start + insert.length }, annotations: pickedCompletion.of(completion) })
  } }
}

/** Insert a name that has more below it, with its dot, and show what is below. */
function goOn(label: string) {
  return (view: EditorView, completion: Completion, from: number, to: number) => {
    const insert = `${label}.`
    view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, annotations: pickedCompletion.of(completion) })
    setTimeout(() => startCompletion(view), 10)
  }
}

function explain(item: Item): HTMLElement {
  const box = document.createElement('div')
  box.className = 'cm-about'
  if (item.info) {
    const about = document.createElement('p')
    about.textContent = item.info
    box.append(about)
  }
  if (item.value !== undefined && !(typeof item.value === 'object' && item.value && !Object.keys(item.value).length)) {
    const seen = document.createElement('code')
    seen.textContent = typeof item.value === 'object' ? JSON.stringify(item.value, null, 1).slice(0, 300) : preview(item.value)
    const title = document.createElement('small')
    title.textContent = 'Last seen'
    box.append(title, seen)
  }
  return box
}
