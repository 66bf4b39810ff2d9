/** Short messages at the foot of the window; they stay long enough to be read, errors until closed. */
import { useSyncExternalStore } from 'react'
import { Button, IconButton } from './controls.tsx'
import { Icon } from './Icon.tsx'

interface Toast { id: number; text: string; kind: 'good' | 'bad'; action?: { label: string; run: () => void } }

let toasts: readonly Toast[] = []
let last = 0
const listeners = new Set<() => void>()
const set = (next: readonly Toast[]) => { toasts = next; for (const listener of listeners) listener() }

export function toast(text: string, options: { kind?: 'good' | 'bad'; action?: Toast['action'] } = {}) {
  const id = ++last
  const kind = options.kind ?? 'good'
  set([...toasts.slice(-3), { id, text, kind, action: options.action }])
  setTimeout(() => dismiss(id), kind === 'bad' ? 12_000 : options.action ? 8000 : 4500)
}

const dismiss = (id: number) => set(toasts.filter((one) => one.id !== id))

export function reportError(error: unknown) {
  toast(error instanceof Error ? error.message : String(error), { kind: 'bad' })
}

export function Toasts() {
  const shown = useSyncExternalStore((listener) => { listeners.add(listener); return () => listeners.delete(listener) }, () => toasts)
  return (
    <div className="toasts" role="region" aria-label="Messages" aria-live="polite">
      {shown.map((one) => (
        <div key={one.id} className="toast" role={one.kind === 'bad' ? 'alert' : 'status'}>
          <Icon name={one.kind === 'bad' ? 'error' : 'check'} size={17} />
          <span className="grow">{one.text}</span>
          {one.action && <Button kind="link" onClick={() => { one.action?.run(); dismiss(one.id) }}>{one.action.label}</Button>}
          <IconButton small icon="close" label="Dismiss" onClick={() => dismiss(one.id)} />
        </div>
      ))}
    </div>
  )
}
