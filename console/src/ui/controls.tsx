/** Buttons and fields. Every control has a name that a screen reader can say. */
import { useEffect, useId, useRef, useState, type ButtonHTMLAttributes, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from 'react'
import { Icon, Spinner, type IconName } from './Icon.tsx'

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  kind?: 'primary' | 'danger' | 'quiet' | 'link' | 'plain'
  icon?: IconName
  small?: boolean
  busy?: boolean
}

export function Button({ kind = 'plain', icon, small, busy, children, className = '', disabled, ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest} disabled={disabled} aria-busy={busy || undefined} className={`btn ${kind} ${small ? 'small' : ''} ${className}`} onClick={busy ? undefined : rest.onClick}>
      {busy ? <Spinner size={15} /> : icon && <Icon name={icon} size={15} />}
      {children}
    </button>
  )
}

export function IconButton({ icon, label, small, outline, className = '', size, ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { icon: IconName; label: string; small?: boolean; outline?: boolean; size?: number }) {
  return (
    <button type="button" title={label} {...rest} aria-label={label} className={`icon-btn ${small ? 'small' : ''} ${outline ? 'outline' : ''} ${className}`}>
      <Icon name={icon} size={size ?? (small ? 15 : 17)} />
    </button>
  )
}

/** An explanation that opens on hover, on focus and on tap, and closes on Escape. */
export function Tip({ about, children }: { about: string; children: ReactNode }) {
  const [open, setOpen] = useState(false)
  const id = useId()
  const box = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    // Kept inside the window whatever stands beside it.
    const text = open ? (box.current?.lastElementChild as HTMLElement | null) : null
    if (!text) return
    const { left, right, top } = text.getBoundingClientRect()
    if (right > innerWidth - 8) text.style.left = `${-12 - (right - innerWidth + 8)}px`
    else if (left < 8) text.style.left = `${-12 + 8 - left}px`
    if (top < 8) { text.style.bottom = 'auto'; text.style.top = 'calc(100% + 7px)' }
  }, [open])
  return (
    <span ref={box} className="tip" onMouseEnter={() => setOpen(true)} onMouseLeave={() => setOpen(false)}>
      <button type="button" aria-label={`About ${about}`} aria-describedby={open ? id : undefined} onFocus={() => setOpen(true)} onBlur={() => setOpen(false)} onClick={() => setOpen(true)}
        onKeyDown={(event) => { if (event.key === 'Escape' && open) { event.stopPropagation(); setOpen(false) } }}>
        <Icon name="info" size={15} />
      </button>
      {open && <span role="tooltip" id={id} className="tip-text">{children}</span>}
    </span>
  )
}

export interface FieldProps {
  label: string
  required?: boolean
  tip?: ReactNode
  hint?: ReactNode
  error?: string | undefined
  aside?: ReactNode
  /** Without an input of its own, as for groups and editors, the label is a plain text. */
  children: (ids: { id: string; describedBy: string | undefined; labelId: string; invalid: boolean }) => ReactNode
}

export function Field({ label, required, tip, hint, error, aside, children }: FieldProps) {
  const id = useId()
  const notes = [hint ? `${id}h` : '', error ? `${id}e` : ''].filter(Boolean).join(' ')
  return (
    <div className="field">
      <div className="field-head">
        <label className="label" id={`${id}l`} htmlFor={id}>
          {label}{required && <span className="req" aria-hidden="true"> *</span>}
        </label>
        {tip && <Tip about={label}>{tip}</Tip>}
        <span className="grow" />
        {aside}
      </div>
      {children({ id, describedBy: notes || undefined, labelId: `${id}l`, invalid: Boolean(error) })}
      {hint && <span className="hint" id={`${id}h`}>{hint}</span>}
      {error && <span className="error-text" id={`${id}e`}><Icon name="error" size={14} />{error}</span>}
    </div>
  )
}

type TextProps = Omit<InputHTMLAttributes<HTMLInputElement>, 'onChange'> & Omit<FieldProps, 'children'> & { value: string; onChange: (value: string) => void }

export function TextField({ label, required, tip, hint, error, aside, onChange, className = '', ...rest }: TextProps) {
  return (
    <Field label={label} required={required} tip={tip} hint={hint} error={error} aside={aside}>
      {({ id, describedBy, invalid }) => (
        <input autoComplete="off" spellCheck={false} {...rest} id={id} className={`input ${className}`} required={required} aria-describedby={describedBy} aria-invalid={invalid || undefined} onChange={(event) => onChange(event.target.value)} />
      )}
    </Field>
  )
}

type SelectProps = Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange'> & Omit<FieldProps, 'children'> & { value: string; onChange: (value: string) => void; options: readonly (readonly [string, string])[] }

export function SelectField({ label, required, tip, hint, error, aside, options, onChange, ...rest }: SelectProps) {
  return (
    <Field label={label} required={required} tip={tip} hint={hint} error={error} aside={aside}>
      {({ id, describedBy }) => <Select {...rest} id={id} aria-describedby={describedBy} options={options} onChange={onChange} />}
    </Field>
  )
}

export function Select({ options, onChange, ...rest }: Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange'> & { value: string; onChange: (value: string) => void; options: readonly (readonly [string, string])[] }) {
  return (
    <select {...rest} className="select" onChange={(event) => onChange(event.target.value)}>
      {options.map(([value, text]) => <option key={value} value={value}>{text}</option>)}
    </select>
  )
}

export function Checkbox({ label, hint, checked, onChange, disabled }: { label: ReactNode; hint?: ReactNode; checked: boolean; onChange: (value: boolean) => void; disabled?: boolean }) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} disabled={disabled} onChange={(event) => onChange(event.target.checked)} />
      <span>{label}{hint && <small>{hint}</small>}</span>
    </label>
  )
}

/** One of a few: arrows move, as in a group of radio buttons. */
export function Segmented<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: readonly { value: T; label: string; icon?: IconName }[]; onChange: (value: T) => void }) {
  const group = useRef<HTMLDivElement>(null)
  const move = (step: number) => {
    const next = options[(options.findIndex((option) => option.value === value) + step + options.length) % options.length]
    if (!next) return
    onChange(next.value)
    requestAnimationFrame(() => group.current?.querySelector<HTMLElement>('[aria-checked="true"]')?.focus())
  }
  return (
    <div ref={group} role="radiogroup" aria-label={label} className="segmented" onKeyDown={(event) => {
      if (event.key === 'ArrowRight' || event.key === 'ArrowDown') { event.preventDefault(); move(1) }
      if (event.key === 'ArrowLeft' || event.key === 'ArrowUp') { event.preventDefault(); move(-1) }
    }}>
      {options.map((option) => (
        <button key={option.value} type="button" role="radio" aria-checked={option.value === value} tabIndex={option.value === value ? 0 : -1} onClick={() => onChange(option.value)}>
          {option.icon && <Icon name={option.icon} size={14} />}{option.label}
        </button>
      ))}
    </div>
  )
}

export function Tabs<T extends string>({ label, value, tabs, onChange }: { label: string; value: T; tabs: readonly { value: T; label: ReactNode }[]; onChange: (value: T) => void }) {
  const list = useRef<HTMLDivElement>(null)
  const move = (step: number) => {
    const next = tabs[(tabs.findIndex((tab) => tab.value === value) + step + tabs.length) % tabs.length]
    if (!next) return
    onChange(next.value)
    requestAnimationFrame(() => list.current?.querySelector<HTMLElement>('[aria-selected="true"]')?.focus())
  }
  return (
    <div ref={list} role="tablist" aria-label={label} className="tabs" onKeyDown={(event) => {
      if (event.key === 'ArrowRight') { event.preventDefault(); move(1) }
      if (event.key === 'ArrowLeft') { event.preventDefault(); move(-1) }
    }}>
      {tabs.map((tab) => (
        <button key={tab.value} type="button" role="tab" className="tab" aria-selected={tab.value === value} tabIndex={tab.value === value ? 0 : -1} onClick={() => onChange(tab.value)}>{tab.label}</button>
      ))}
    </div>
  )
}

export function Note({ kind = 'info', children }: { kind?: 'info' | 'warn' | 'bad' | 'good'; children: ReactNode }) {
  const icon = ({ info: 'info', warn: 'warn', bad: 'error', good: 'check' } as const)[kind]
  return <div className={`note ${kind}`} role={kind === 'bad' ? 'alert' : undefined}><Icon name={icon} size={16} /><div className="grow">{children}</div></div>
}

export function Empty({ icon, title, children, action }: { icon: IconName; title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <span className="empty-icon"><Icon name={icon} size={24} /></span>
      <h2>{title}</h2>
      <p>{children}</p>
      {action && <div className="row wrap">{action}</div>}
    </div>
  )
}

export function Skeleton({ rows = 5 }: { rows?: number }) {
  return (
    <div className="stack card pad" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => <div key={index} className="skeleton" style={{ width: `${92 - ((index * 17) % 45)}%` }} />)}
    </div>
  )
}

export function CopyButton({ text, label = 'Copy' }: { text: string | (() => string); label?: string }) {
  const [done, setDone] = useState(false)
  return (
    <IconButton small icon={done ? 'check' : 'copy'} label={done ? 'Copied' : label} onClick={async () => {
      await copyText(typeof text === 'function' ? text() : text)
      setDone(true)
      setTimeout(() => setDone(false), 1500)
    }} />
  )
}

/** The clipboard API exists only on https and localhost; elsewhere the old way has to do. */
export async function copyText(text: string) {
  try {
    await navigator.clipboard.writeText(text)
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'sr'
    document.body.append(area)
    area.select()
    document.execCommand('copy')
    area.remove()
  }
}
