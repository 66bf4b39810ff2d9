/** What an expression at a step can read: only what can have run before, with the values last seen. */
import type { Action, ActionSpec, Execution, FunctionSpec, Json, JsonObject, Schema } from '../api/types.ts'
import { earlier, walk } from './tree.ts'

export interface Item { label: string; kind: 'root' | 'step' | 'key' | 'function' | 'filter' | 'tag'; detail?: string; info?: string; value?: Json; apply?: string; hasMore?: boolean }
export interface Scope {
  /** The items below a path; `[]` are the roots. */
  expression: (path: readonly string[]) => Item[]
  liquid: (path: readonly string[]) => Item[]
}

interface Node { about?: string; detail?: string; schema?: Schema; value?: Json; children?: Map<string, Node>; kind?: Item['kind'] }

export interface ScopeSource {
  actions: readonly Action[]
  id: string
  specs: readonly ActionSpec[]
  functions: readonly FunctionSpec[]
  seen: Execution | null
  pinned?: Record<string, Json>
}

export function buildScope(source: ScopeSource): Scope {
  const roots = expressionRoots(source)
  const liquid = liquidRoots(source)
  const functions: Item[] = source.functions.map((one) => ({ label: one.name, kind: 'function', detail: one.signature.slice(one.name.length), info: `${one.summary}${one.examples[0] ? `\n${one.examples[0]}` : ''}`, apply: `${one.name}(` }))
  return {
    expression: (path) => (path.length === 1 && path[0] === 'functions' ? functions : below(roots, path)),
    liquid: (path) => below(liquid, path),
  }
}

function below(roots: Map<string, Node>, path: readonly string[]): Item[] {
  let children = roots
  for (const part of path) {
    const node = children.get(part)
    if (!node) return []
    children = childrenOf(node)
  }
  return [...children].map(([label, node]) => item(label, node, path.length === 0))
}

function item(label: string, node: Node, isRoot: boolean): Item {
  const type = node.schema?.type
  return {
    label,
    kind: node.kind ?? (isRoot ? 'root' : 'key'),
    detail: node.detail ?? (node.value !== undefined ? preview(node.value) : typeof type === 'string' ? type : undefined),
    info: node.about ?? node.schema?.description,
    value: node.value,
    hasMore: childrenOf(node).size > 0,
  }
}

function childrenOf(node: Node): Map<string, Node> {
  const found = new Map<string, Node>(node.children ?? [])
  for (const [name, schema] of Object.entries(node.schema?.properties ?? {})) {
    if (!found.has(name)) found.set(name, { schema })
  }
  if (node.value && typeof node.value === 'object' && !Array.isArray(node.value)) {
    for (const [name, value] of Object.entries(node.value)) {
      const known = found.get(name)
      found.set(name, { ...known, value: known?.value ?? value })
    }
  }
  return found
}

export function preview(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 34 ? `${text.slice(0, 33)}…` : text
}

function expressionRoots(source: ScopeSource): Map<string, Node> {
  const input = source.seen?.debug?.input
  const used = namesUsed(source.actions)
  const steps = new Map<string, Node>()
  const outputs = new Map<string, Json>(source.seen?.debug?.steps.map((step) => [step.id, step.output]) ?? [])
  const stored: JsonObject = {}
  for (const { action, certain } of earlier(source.actions, source.id)) {
    const spec = source.specs.find((one) => one.type === action.type && one.action === action.action)
    const maybe = certain ? '' : ' · may not have run'
    steps.set(action.id, {
      kind: 'step',
      detail: (action.alias || spec?.title || action.action) + maybe,
      about: `${spec?.title ?? action.action}${maybe}`,
      schema: spec?.output,
      value: source.pinned?.[action.id] ?? outputs.get(action.id) ?? undefined,
    })
    if (action.action === 'STORE_VARS' && action.params?.['vars'] && typeof action.params['vars'] === 'object') Object.assign(stored, action.params['vars'])
  }
  return new Map<string, Node>([
    ['fields', { about: 'What the form, or the caller, gives', value: { ...used.fields, ...input?.fields } }],
    ['context', { about: 'The user and the transaction the flow runs in', value: { ...used.context, ...input?.context } }],
    ['vars', { about: 'Shared variables: stored by earlier steps, or given at the start', value: { ...used.vars, ...stored, ...input?.vars } }],
    ['actions', { about: 'Outputs of the steps that can have run before this one', children: steps }],
    ['functions', { about: 'Helper functions', children: new Map([['…', {}]]) }],
  ])
}

/** Names that the flow's expressions mention somewhere: likely to be meant again. */
function namesUsed(actions: readonly Action[]): Record<'fields' | 'context' | 'vars', JsonObject> {
  const found: Record<'fields' | 'context' | 'vars', JsonObject> = { fields: {}, context: {}, vars: {} }
  for (const { action } of walk(actions)) {
    const { then: _then, else: _else, ...own } = action.params ?? {}
    const text = JSON.stringify(own)
    if (!text.includes('{{')) continue
    for (const hit of text.matchAll(/(?<![\w$.])(fields|context|vars)((?:\.[A-Za-z_$][\w$]*)+)/g)) {
      let at = found[hit[1] as 'fields']
      const parts = (hit[2] ?? '').slice(1).split('.')
      for (const [index, part] of parts.entries()) {
        const next = at[part]
        if (index === parts.length - 1) at[part] ??= {}
        else at = at[part] = next && typeof next === 'object' && !Array.isArray(next) ? next : {}
      }
    }
  }
  return found
}

const LIQUID: Record<string, string> = {
  application: 'The application: name, clientID, callback_domain',
  client: 'The application, by its other names',
  connection: 'The user’s connection: name',
  custom_domain: 'The custom domain',
  friendly_name: 'The tenant’s friendly name',
  locale: 'The language of the message, like en',
  organization: 'The organization: id, name, display_name, metadata, branding',
  request_language: 'The languages that the user’s browser asks for',
  support_email: 'The tenant’s support address',
  support_url: 'The tenant’s support page',
  tenant: 'The tenant’s name',
  transaction: 'The transaction',
  user: 'The user: name, email, user_metadata, app_metadata',
}
const USER_KEYS = ['name', 'email', 'given_name', 'family_name', 'nickname', 'picture', 'username', 'phone_number', 'user_id', 'user_metadata', 'app_metadata']

function liquidRoots(source: ScopeSource): Map<string, Node> {
  const action = [...walk(source.actions)].find((found) => found.action.id === source.id)?.action
  const own = action?.params?.['custom_vars']
  const seen = source.seen?.debug?.steps.find((step) => step.id === source.id)?.input
  const seenVars = seen && typeof seen === 'object' && !Array.isArray(seen) ? (seen['custom_vars'] as JsonObject | undefined) : undefined
  const customs = new Map<string, Node>()
  for (const [name, expression] of Object.entries(own && typeof own === 'object' && !Array.isArray(own) ? own : {})) {
    customs.set(name, { about: `= ${preview(expression)}`, value: seenVars?.[name] })
  }
  const context = source.seen?.debug?.input?.context ?? {}
  const roots = new Map<string, Node>([['custom_vars', { about: 'This step’s custom variables', children: customs }]])
  for (const [name, about] of Object.entries(LIQUID)) roots.set(name, { about, value: context[name] })
  const user = roots.get('user')
  if (user) user.children = new Map(USER_KEYS.map((key) => [key, {}]))
  roots.set('application', { about: LIQUID['application'], children: new Map(['name', 'clientID', 'callback_domain'].map((key) => [key, {}])) })
  return roots
}

export const LIQUID_FILTERS = ['escape', 'default', 'capitalize', 'upcase', 'downcase', 'date', 'append', 'prepend', 'replace', 'remove', 'truncate', 'truncatewords', 'strip', 'strip_html', 'newline_to_br', 'url_encode', 'url_decode', 'split', 'join', 'first', 'last', 'size', 'map', 'where', 'sort', 'uniq', 'reverse', 'plus', 'minus', 'times', 'divided_by', 'round', 'abs', 'slice', 'json', 'escape_once', 'lstrip', 'rstrip', 'concat', 'compact']
export const LIQUID_TAGS = ['if', 'else', 'elsif', 'endif', 'unless', 'endunless', 'for', 'endfor', 'case', 'when', 'endcase', 'assign', 'capture', 'endcapture', 'comment', 'endcomment', 'raw', 'endraw', 'break', 'continue']
