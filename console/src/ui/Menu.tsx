/** A button with a menu: arrows and first letters move, Escape closes and focus goes back. */
import { useEffect, useId, useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import { createPortal } from 'react-dom'
import { Icon, type IconName } from './Icon.tsx'

export type MenuItem = { label: string; icon?: IconName; keys?: string; bad?: boolean; disabled?: boolean; onSelect: () => void } | '-'

interface MenuProps {
  label: string
  items: () => readonly MenuItem[]
  children?: ReactNode
  className?: string
  icon?: IconName
  tabIndex?: number
}

export function MenuButton({ label, items, children, className = 'icon-btn small', icon = 'more', tabIndex }: MenuProps) {
  const button = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)
  const id = useId()
  const close = (refocus: boolean) => {
    setOpen(false)
    if (refocus) button.current?.focus()
  }
  return (
    <>
      <button ref={button} type="button" className={className} aria-haspopup="menu" aria-expanded={open} aria-controls={open ? id : undefined} aria-label={children ? undefined : label} title={children ? undefined : label} tabIndex={tabIndex}
        onClick={(event) => { event.stopPropagation(); setOpen(!open) }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') { event.preventDefault(); setOpen(true) }
          if (event.key !== 'Tab' && event.key !== 'Escape' && !event.ctrlKey && !event.metaKey) event.stopPropagation()
        }}>
        {children ?? <Icon name={icon} size={16} />}
      </button>
      {open && button.current && <MenuList id={id} label={label} anchor={button.current} items={items()} onClose={close} />}
    </>
  )
}

/** Below the button, or above it where there is more room. */
function place(menu: HTMLElement | null, anchor: HTMLElement) {
  if (!menu) return
  const at = anchor.getBoundingClientRect()
  const { width, height } = menu.getBoundingClientRect()
  const isAbove = at.bottom + height + 8 > innerHeight
  menu.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`
  menu.style.top = `${Math.max(8, isAbove ? Math.min(at.top - height - 4, innerHeight - height - 8) : at.bottom + 4)}px`
}

function MenuList({ id, label, anchor, items, onClose }: { id: string; label: string; anchor: HTMLElement; items: readonly MenuItem[]; onClose: (refocus: boolean) => void }) {
  const list = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    place(list.current, anchor)
    list.current?.querySelector<HTMLElement>('[role="menuitem"]:not(:disabled)')?.focus()
  }, [anchor])
  useEffect(() => {
    const away = (event: Event) => {
      if (!list.current?.contains(event.target as Node) && !anchor.contains(event.target as Node)) onClose(false)
    }
    // A page that is still coming to rest must not take the menu away: it goes along with its button.
    const along = (event: Event) => {
      if (list.current?.contains(event.target as Node)) return
      const { top, bottom } = anchor.getBoundingClientRect()
      if (bottom < 0 || top > innerHeight) onClose(false)
      else place(list.current, anchor)
    }
    addEventListener('pointerdown', away, true)
    addEventListener('scroll', along, true)
    return () => { removeEventListener('pointerdown', away, true); removeEventListener('scroll', along, true) }
  }, [anchor, onClose])
  const onKeyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation()
    const all = [...(list.current?.querySelectorAll<HTMLElement>('[role="menuitem"]:not(:disabled)') ?? [])]
    const at = all.indexOf(document.activeElement as HTMLElement)
    const go = (index: number) => { event.preventDefault(); all[(index + all.length) % all.length]?.focus() }
    if (event.key === 'ArrowDown') go(at + 1)
    else if (event.key === 'ArrowUp') go(at - 1)
    else if (event.key === 'Home') go(0)
    else if (event.key === 'End') go(all.length - 1)
    else if (event.key === 'Escape') { event.preventDefault(); onClose(true) }
    else if (event.key === 'Tab') onClose(true)
    else if (event.key.length === 1) {
      const next = [...all.slice(at + 1), ...all].find((item) => item.textContent?.toLowerCase().startsWith(event.key.toLowerCase()))
      next?.focus()
    }
  }
  // Inside an open dialog the menu must be in the top layer with it; else in the landmark it belongs to.
  const home = anchor.closest('dialog, main, nav') ?? document.body
  return createPortal(
    <div ref={list} id={id} role="menu" aria-label={label} className="menu" onKeyDown={onKeyDown}>
      {items.map((item, index) => item === '-'
        ? <hr key={index} role="separator" />
        : (
          <button key={index} type="button" role="menuitem" tabIndex={-1} className={item.bad ? 'bad' : ''} disabled={item.disabled}
            onClick={(event) => { event.stopPropagation(); onClose(true); item.onSelect() }}>
            {item.icon && <Icon name={item.icon} size={16} />}<span>{item.label}</span>{item.keys && <kbd>{item.keys}</kbd>}
          </button>
        ))}
    </div>,
    home,
  )
}
