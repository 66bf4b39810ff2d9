/** What pages read, kept by key: shown at once when asked for again, and read anew behind it. */
import { useCallback, useEffect, useRef, useSyncExternalStore } from 'react'

interface Entry { data: unknown; error: unknown; at: number; running: Promise<unknown> | null; load: (() => Promise<unknown>) | null; version: number }

const entries = new Map<string, Entry>()
const listeners = new Map<string, Set<() => void>>()

function entry(key: string): Entry {
  let found = entries.get(key)
  if (!found) entries.set(key, (found = { data: undefined, error: null, at: 0, running: null, load: null, version: 0 }))
  return found
}

function tell(key: string) {
  entry(key).version += 1
  for (const listener of listeners.get(key) ?? []) listener()
}

export function refresh(key: string): Promise<unknown> {
  const found = entry(key)
  if (found.running || !found.load) return found.running ?? Promise.resolve()
  found.running = found.load()
    .then((data) => { found.data = data; found.error = null }, (error: unknown) => { found.error = error })
    .finally(() => { found.at = Date.now(); found.running = null; tell(key) })
  return found.running
}

/** Read again everything under a key that begins with *prefix* and is on show; forget the rest. */
export function invalidate(prefix: string) {
  for (const [key, found] of entries) {
    if (!key.startsWith(prefix)) continue
    found.at = 0
    if (listeners.get(key)?.size) void refresh(key)
  }
}

export function setData(key: string, data: unknown) {
  const found = entry(key)
  found.data = data
  found.error = null
  found.at = Date.now()
  tell(key)
}

export const forgetAll = () => entries.clear()

export interface Query<T> { data: T | undefined; error: Error | null; loading: boolean; reload: () => void }

export function useQuery<T>(key: string | null, load: () => Promise<T>, options: { every?: number; fresh?: number } = {}): Query<T> {
  const latest = useRef(load)
  latest.current = load
  const { every, fresh = 2000 } = options
  const subscribe = useCallback((listener: () => void) => {
    if (key === null) return () => {}
    let all = listeners.get(key)
    if (!all) listeners.set(key, (all = new Set()))
    all.add(listener)
    return () => { all.delete(listener) }
  }, [key])
  useSyncExternalStore(subscribe, () => (key === null ? 0 : entry(key).version))
  useEffect(() => {
    if (key === null) return
    const found = entry(key)
    found.load = () => latest.current()
    if (Date.now() - found.at > fresh) void refresh(key)
    if (!every) return
    const timer = setInterval(() => { if (!document.hidden) void refresh(key) }, every)
    return () => clearInterval(timer)
  }, [key, every, fresh])
  const found = key === null ? null : entry(key)
  return {
    data: found?.data as T | undefined,
    error: (found?.error as Error | null) ?? null,
    loading: found !== null && found.data === undefined && !found.error,
    reload: () => { if (key !== null) void refresh(key) },
  }
}
