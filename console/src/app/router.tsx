/** Paths and queries of the address bar: everything on show has a URL. */
import { useEffect, useMemo, useSyncExternalStore, type AnchorHTMLAttributes } from 'react'

const listeners = new Set<() => void>()
type Guard = () => string | null
let guard: Guard | null = null

/** A question that must be answered before the page is left, and what then happens. */
export interface Leaving { question: string; go: () => void }
let leaving: Leaving | null = null
let shown = location.pathname + location.search

function tell() {
  shown = location.pathname + location.search
  for (const listener of listeners) listener()
}

function ask(question: string, go: () => void) {
  leaving = { question, go: () => { guard = null; answerLeaving(); go() } }
  for (const listener of listeners) listener()
}

export function answerLeaving() {
  leaving = null
  for (const listener of listeners) listener()
}

export const useLeaving = () => useSyncExternalStore((listener) => { listeners.add(listener); return () => listeners.delete(listener) }, () => leaving)

addEventListener('popstate', () => {
  const question = location.pathname === new URL(shown, location.href).pathname ? null : guard?.() ?? null
  if (question === null) { tell(); return }
  // Back went already: stand where the work is until the question is answered.
  const target = location.pathname + location.search
  history.pushState(null, '', shown)
  ask(question, () => navigate(target, { replace: true }))
})

export function navigate(to: string, { replace = false } = {}) {
  const target = new URL(to, location.href)
  if (target.pathname !== location.pathname && guard) {
    const question = guard()
    if (question !== null) { ask(question, () => navigate(to, { replace })); return }
    guard = null
  }
  if (replace) history.replaceState(null, '', to)
  else history.pushState(null, '', to)
  tell()
}

/** Ask before leaving, while *question* gives a text. */
export function useLeaveGuard(question: Guard) {
  useEffect(() => {
    guard = question
    const before = (event: BeforeUnloadEvent) => { if (question() !== null) event.preventDefault() }
    addEventListener('beforeunload', before)
    return () => { removeEventListener('beforeunload', before); if (guard === question) guard = null }
  }, [question])
}

export interface Where { path: string; query: URLSearchParams }

export function useLocation(): Where {
  const text = useSyncExternalStore((listener) => { listeners.add(listener); return () => listeners.delete(listener) }, () => location.pathname + location.search)
  return useMemo(() => {
    const url = new URL(text, location.origin)
    return { path: url.pathname, query: url.searchParams }
  }, [text])
}

/** Change some parameters of the query; `null` takes one away. */
export function setQuery(changes: Record<string, string | null>, { replace = true } = {}) {
  const params = new URLSearchParams(location.search)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') params.delete(name)
    else params.set(name, value)
  }
  const text = params.toString()
  navigate(location.pathname + (text ? `?${text}` : ''), { replace })
}

export function match(pattern: string, path: string): Record<string, string> | null {
  const want = pattern.split('/').filter(Boolean)
  const have = path.split('/').filter(Boolean)
  if (want.length !== have.length) return null
  const found: Record<string, string> = {}
  for (const [index, part] of want.entries()) {
    const given = have[index] ?? ''
    if (part.startsWith(':')) {
      try { found[part.slice(1)] = decodeURIComponent(given) } catch { return null }
    } else if (part !== given) return null
  }
  return found
}

export function Link({ to, onClick, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { to: string }) {
  return (
    <a {...rest} href={to} onClick={(event) => {
      onClick?.(event)
      if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
      event.preventDefault()
      navigate(to)
    }} />
  )
}

export function useTitle(title: string) {
  useEffect(() => { document.title = title ? `${title} · Sluiceway` : 'Sluiceway' }, [title])
}
