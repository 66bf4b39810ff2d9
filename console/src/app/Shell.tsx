/** The frame around every page: navigation, search, theme. */
import { useEffect, useState, type ReactNode } from 'react'
import { useOverview } from '../api/resources.ts'
import { IconButton } from '../ui/controls.tsx'
import { Icon, type IconName } from '../ui/Icon.tsx'
import { MenuButton } from '../ui/Menu.tsx'
import { Mark } from './Mark.tsx'
import { Link, useLocation } from './router.tsx'
import { useSession } from './session.tsx'
import { setTheme, useTheme } from './theme.ts'

const PLACES: readonly { to: string; label: string; icon: IconName; count?: 'failed' | 'dead' }[][] = [
  [
    { to: '/flows', label: 'Flows', icon: 'flow' },
    { to: '/executions', label: 'Executions', icon: 'runs' },
    { to: '/batches', label: 'Batches', icon: 'batch' },
    { to: '/outbox', label: 'Outbox', icon: 'outbox', count: 'dead' },
  ],
  [
    { to: '/vault', label: 'Vault', icon: 'lock' },
    { to: '/providers', label: 'Providers', icon: 'plug' },
  ],
  [
    { to: '/users', label: 'Users', icon: 'users' },
    { to: '/clients', label: 'Clients', icon: 'key' },
    { to: '/settings', label: 'Settings', icon: 'settings' },
  ],
]

export function Shell({ children, onSearch, onTour }: { children: ReactNode; onSearch: () => void; onTour: () => void }) {
  const { path } = useLocation()
  const [open, setOpen] = useState(false)
  useEffect(() => setOpen(false), [path])
  const overview = useOverview().data
  const { session, signOut } = useSession()
  const isWide = /^\/flows\/[^/]+/.test(path)
  return (
    <div className={`shell ${isWide ? 'compact' : ''}`}>
      <a className="skip" href="#main">Skip to the page</a>
      <header className="topbar">
        <IconButton icon="menu" label={open ? 'Close the menu' : 'Open the menu'} aria-expanded={open} onClick={() => setOpen(!open)} />
        <Link to="/flows" className="brand"><Mark size={24} /><span>Sluiceway</span></Link>
        <span className="grow" />
        <IconButton icon="search" label="Find anything" onClick={onSearch} />
      </header>
      <nav className={`side ${open ? 'open' : ''}`} aria-label="Pages">
        <Link to="/flows" className="brand" aria-label="Sluiceway, to the flows"><Mark size={28} /><span>Sluiceway</span></Link>
        <button type="button" className="find" onClick={onSearch} title="Find anything"><Icon name="search" size={15} /><span>Find anything</span><kbd aria-hidden="true">{/Mac/.test(navigator.platform) ? '⌘K' : 'Ctrl K'}</kbd></button>
        {PLACES.map((group, index) => (
          <ul key={index} className="side-group">
            {group.map((place) => {
              const on = path === place.to || path.startsWith(`${place.to}/`)
              const dead = place.count === 'dead' ? overview?.counts.outbox['DEAD'] ?? 0 : 0
              return (
                <li key={place.to}>
                  <Link to={place.to} className={`place ${on ? 'on' : ''}`} aria-current={on ? 'page' : undefined} title={place.label}>
                    <Icon name={place.icon} size={17} /><span>{place.label}</span>
                    {dead > 0 && <span className="badge bad" title={`${dead} could not be delivered`}>{dead}</span>}
                  </Link>
                </li>
              )
            })}
          </ul>
        ))}
        <span className="grow" />
        <div className="side-foot">
          <ThemeSwitch />
          <MenuButton label="Help and session" className="icon-btn small session-menu" icon="more" items={() => [
            { label: 'Take the tour', icon: 'bolt', onSelect: onTour },
            { label: 'API reference', icon: 'out', onSelect: () => open_('/sluiceway/v1/docs') },
            '-',
            { label: `Sign out ${session.client_id.slice(0, 8)}…`, icon: 'signout', onSelect: signOut },
          ]} />
        </div>
      </nav>
      {open && <div className="veil" onClick={() => setOpen(false)} />}
      <main id="main" tabIndex={-1}>{children}</main>
    </div>
  )
}

const open_ = (url: string) => { window.open(url, '_blank', 'noopener') }

export function Page({ title, about, actions, children }: { title: ReactNode; about?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  return (
    <div className="page">
      <header className="page-head">
        <div className="grow"><h1>{title}</h1>{about && <p className="soft">{about}</p>}</div>
        {actions && <div className="row wrap">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

function ThemeSwitch() {
  const theme = useTheme()
  const options = [['light', 'Light', 'sun'], ['system', 'As the system', 'auto'], ['dark', 'Dark', 'moon']] as const
  return (
    <div className="theme-switch" role="group" aria-label="Theme">
      {options.map(([value, label, icon]) => <IconButton key={value} small icon={icon} label={label} aria-pressed={theme === value} onClick={() => setTheme(value)} />)}
    </div>
  )
}
