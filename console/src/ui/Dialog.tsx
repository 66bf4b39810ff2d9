/** Dialogs and drawers on the platform's own `<dialog>`: it traps focus and gives it back. */
import { useEffect, useId, useRef, useState, type ReactNode } from 'react'
import { Button, IconButton, TextField } from './controls.tsx'

interface DialogProps {
  title: ReactNode
  onClose: () => void
  children: ReactNode
  foot?: ReactNode
  head?: ReactNode
  size?: 'normal' | 'wide' | 'huge'
  kind?: 'dialog' | 'drawer'
  onSubmit?: () => void
  /** It stays until what it asks for is done. */
  isFixed?: boolean
}

export function Dialog({ title, onClose, children, foot, head, size = 'normal', kind = 'dialog', onSubmit, isFixed = false }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  const close = useRef(onClose)
  close.current = onClose
  useEffect(() => {
    const dialog = ref.current
    const before = document.activeElement as HTMLElement | null
    dialog?.showModal()
    firstField(dialog)?.focus()
    return () => {
      dialog?.close()
      if (before?.isConnected) before.focus()
    }
  }, [])
  const inside = (
    <>
      <div className="dialog-head">
        <h2 id={id} tabIndex={-1}>{title}</h2>
        {head}
        {!isFixed && <IconButton icon="close" label="Close" onClick={onClose} />}
      </div>
      <div className="dialog-body">{children}</div>
      {foot && <div className="dialog-foot">{foot}</div>}
    </>
  )
  return (
    <dialog ref={ref} className={`${kind} ${size}`} aria-labelledby={id}
      onCancel={(event) => { event.preventDefault(); close.current() }}
      onKeyDown={(event) => event.stopPropagation()}
      onMouseDown={(event) => { if (event.target === ref.current) close.current() }}>
      {onSubmit
        ? <form className="dialog-form" onSubmit={(event) => { event.preventDefault(); onSubmit() }}>{inside}</form>
        : inside}
    </dialog>
  )
}

/** Where typing goes on: the first field; else the action, unless it destroys something. */
function firstField(dialog: HTMLDialogElement | null): HTMLElement | null | undefined {
  return dialog?.querySelector<HTMLElement>('.dialog-body :is(input:not([type=file]):not([hidden]), textarea, select)')
    ?? dialog?.querySelector<HTMLElement>('.dialog-foot .btn.primary')
    ?? dialog?.querySelector<HTMLElement>('.dialog-foot .btn')
}

export function Confirm({ title, children, action, danger, onConfirm, onClose, type }: { title: string; children: ReactNode; action: string; danger?: boolean; onConfirm: () => Promise<unknown> | void; onClose: () => void; type?: string }) {
  const [busy, setBusy] = useState(false)
  const [typed, setTyped] = useState('')
  return (
    <Dialog title={title} onClose={onClose} onSubmit={async () => {
      if (type !== undefined && typed !== type) return
      setBusy(true)
      try { await onConfirm() } finally { setBusy(false) }
    }} foot={<>
      <Button onClick={onClose}>Cancel</Button>
      <Button type="submit" kind={danger ? 'danger' : 'primary'} busy={busy} disabled={type !== undefined && typed !== type}>{action}</Button>
    </>}>
      <div className="stack">
        <div className="soft">{children}</div>
        {type !== undefined && <TextField label={`Type ${type} to go on`} value={typed} onChange={setTyped} />}
      </div>
    </Dialog>
  )
}
