/** Read an action's JSON Schema: what widget a param wants, and whether a value may stand. */
import type { Json, Schema } from '../api/types.ts'

export function deref(schema: Schema, defs: Record<string, Schema>): Schema {
  let found = schema
  if (found.anyOf) {
    const real = found.anyOf.filter((one) => one.type !== 'null')
    if (real.length === 1 && real[0]) found = { ...deref(real[0], defs), ...(found.title ? { title: found.title } : {}), default: found.default }
  }
  if (found.$ref) {
    const name = found.$ref.split('/').at(-1) ?? ''
    found = { ...defs[name], ...found, $ref: undefined }
  }
  return found
}

export type Widget = 'connection' | 'text' | 'template' | 'html' | 'json' | 'pairs' | 'group' | 'choice' | 'condition' | 'actions' | 'flag'

export function widgetOf(schema: Schema): Widget {
  const given = schema['x-widget']
  if (given) return given as Widget
  if (schema.enum) return 'choice'
  const types = typesOf(schema)
  if (types.includes('boolean') && types.length === 1) return 'flag'
  if (types.includes('object') && schema.properties) return 'group'
  if (types.includes('object') || types.includes('array')) return 'json'
  return 'text'
}

export function typesOf(schema: Schema): string[] {
  return [schema.type, ...(schema.anyOf ?? []).map((one) => one.type)].flat().filter((type): type is string => typeof type === 'string')
}

const NAMES: Record<string, string> = { Sender: 'Use custom sender' }
const TIPS: Record<string, string> = { Sender: 'In place of the provider’s default sender.' }

export function titleOfField(name: string, schema: Schema): string {
  const title = schema.title ?? ''
  if (NAMES[title]) return NAMES[title]
  return title || name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ')
}

export const tipOf = (schema: Schema) => TIPS[schema.title ?? ''] ?? [schema.description, schema['x-tip']].filter(Boolean).join(' ')

/** A text that was typed, as the value its field holds: a number where only numbers fit. */
export function typedValue(text: string, schema: Schema, before: Json | undefined): Json {
  const types = typesOf(schema)
  const isNumber = /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text.trim())
  if (isNumber && (typeof before === 'number' || (!types.includes('string') && (types.includes('number') || types.includes('integer'))))) return Number(text)
  return text
}

export const textOf = (value: Json | undefined): string => (value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value))
