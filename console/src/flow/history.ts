/** Undo and redo by snapshots of the whole; typing in one place is one step. */
export interface History<T> { past: readonly T[]; now: T; future: readonly T[]; group: string; at: number }

const LIMIT = 300
const PAUSE_MS = 1200

export const begin = <T>(now: T): History<T> => ({ past: [], now, future: [], group: '', at: 0 })

/** Note *next*; changes of the same *group* without a pause replace each other. */
export function record<T>(history: History<T>, next: T, group = '', at = Date.now()): History<T> {
  if (next === history.now) return history
  if (group && group === history.group && at - history.at < PAUSE_MS && history.past.length) {
    return { ...history, now: next, future: [], at }
  }
  return { past: [...history.past, history.now].slice(-LIMIT), now: next, future: [], group, at }
}

export function undo<T>(history: History<T>): History<T> {
  const last = history.past.at(-1)
  if (last === undefined) return history
  return { past: history.past.slice(0, -1), now: last, future: [history.now, ...history.future], group: '', at: 0 }
}

export function redo<T>(history: History<T>): History<T> {
  const [next, ...rest] = history.future
  if (next === undefined) return history
  return { past: [...history.past, history.now], now: next, future: rest, group: '', at: 0 }
}
