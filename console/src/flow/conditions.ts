/** Conditions as the builder shows them: groups (all, any) of comparisons. The codes are the server's. */
import type { Json } from '../api/types.ts'

export const OPERATORS = [
  ['EQ', 'is equal to', 2],
  ['NEQ', 'is different to', 2],
  ['GT', 'is greater than', 2],
  ['GTE', 'is greater or equal than', 2],
  ['LT', 'is less than', 2],
  ['LTE', 'is less than or equal', 2],
  ['INCLUDES', 'includes', 2],
  ['NOT_INCLUDES', 'does not include', 2],
  ['STARTS_WITH', 'starts with', 2],
  ['ENDS_WITH', 'ends with', 2],
  ['EXISTS', 'exists', 1],
  ['NOT_EXISTS', 'does not exist', 1],
  ['IS_NULL', 'is null', 1],
  ['IS_NOT_NULL', 'is not null', 1],
  ['HAS_NO_VALUE', 'has not value', 1],
  ['IS_TRUE', 'is true', 1],
  ['IS_FALSE', 'is false', 1],
] as const

const SIDES = new Map<string, number>(OPERATORS.map(([code, , sides]) => [code, sides]))
const LABELS = new Map<string, string>(OPERATORS.map(([code, label]) => [code, label]))

export interface Comparison { kind: 'comparison'; operator: string; left: Json; right: Json }
export interface Group { kind: 'group'; operator: 'AND' | 'OR'; parts: Condition[] }
export type Condition = Comparison | Group

export const isUnary = (operator: string) => SIDES.get(operator) === 1
export const emptyComparison = (): Comparison => ({ kind: 'comparison', operator: 'EQ', left: '', right: '' })

/** Read an `if`; `null` where it is none that the builder can show, so that it stays as JSON. */
export function readCondition(value: Json | undefined): Condition | null {
  if (value === undefined || value === null) return { kind: 'group', operator: 'AND', parts: [] }
  if (typeof value !== 'object' || Array.isArray(value)) return null
  const { operator, operands } = value
  if (typeof operator !== 'string' || !Array.isArray(operands) || Object.keys(value).length > 2) return null
  if (operator === 'AND' || operator === 'OR') {
    const parts = operands.map(readCondition)
    return parts.every((part) => part !== null) ? { kind: 'group', operator, parts: parts as Condition[] } : null
  }
  const sides = SIDES.get(operator)
  if (!sides || operands.length < sides || operands.length > 2) return null
  return { kind: 'comparison', operator, left: operands[0] ?? '', right: operands[1] ?? '' }
}

export function writeCondition(condition: Condition): Json {
  if (condition.kind === 'group') return { operator: condition.operator, operands: condition.parts.map(writeCondition) }
  const operands = isUnary(condition.operator) ? [condition.left] : [condition.left, condition.right]
  return { operator: condition.operator, operands }
}

/** A condition in words, for cards. */
export function describe(value: Json | undefined): string {
  const condition = readCondition(value)
  if (!condition) return typeof value === 'string' ? value : 'a condition in JSON'
  return words(condition)
}

function words(condition: Condition): string {
  if (condition.kind === 'comparison') {
    const text = `${side(condition.left)} ${LABELS.get(condition.operator) ?? condition.operator}`
    return isUnary(condition.operator) ? text : `${text} ${side(condition.right)}`
  }
  return condition.parts.map(words).join(condition.operator === 'AND' ? ' and ' : ' or ')
}

function side(value: Json): string {
  if (typeof value === 'string') return value.replace(/^\{\{\s*|\s*\}\}$/g, '').trim() || '…'
  return JSON.stringify(value)
}
