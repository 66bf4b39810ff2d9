/** Which page is shown, and what lies over all of them. */
import { Component, useEffect, useState, type ReactNode } from 'react'
import { EditorPage } from '../editor/EditorPage.tsx'
import { BatchesPage } from '../pages/BatchesPage.tsx'
import { ClientsPage } from '../pages/ClientsPage.tsx'
import { ExecutionsPage } from '../pages/ExecutionsPage.tsx'
import { FlowsPage } from '../pages/FlowsPage.tsx'
import { OutboxPage } from '../pages/OutboxPage.tsx'
import { ProvidersPage } from '../pages/ProvidersPage.tsx'
import { SettingsPage } from '../pages/SettingsPage.tsx'
import { UsersPage } from '../pages/UsersPage.tsx'
import { VaultPage } from '../pages/VaultPage.tsx'
import { useOverview } from '../api/resources.ts'
import { Button, Empty } from '../ui/controls.tsx'
import { Confirm } from '../ui/Dialog.tsx'
import { Toasts } from '../ui/toasts.tsx'
import { Palette } from './Palette.tsx'
import { answerLeaving, Link, match, navigate, useLeaving, useLocation } from './router.tsx'
import { SessionGate } from './session.tsx'
import { Shell } from './Shell.tsx'
import { isFirstVisit, Tour } from './Tour.tsx'

type Params = Record<string, string>
const ROUTES: readonly (readonly [string, (params: Params, app: { onTour: () => void }) => ReactNode])[] = [
  ['/flows', (_, { onTour }) => <FlowsPage onTour={onTour} />],
  ['/flows/:id', ({ id }) => <EditorPage key={id} id={id ?? ''} />],
  ['/flows/:id/executions', ({ id }) => <ExecutionsPage key={id} flowId={id ?? ''} />],
  ['/executions', () => <ExecutionsPage key="all" />],
  ['/executions/:id', ({ id }) => <ExecutionsPage key="all" executionId={id ?? ''} />],
  ['/vault', () => <VaultPage />],
  ['/providers', () => <ProvidersPage />],
  ['/outbox', () => <OutboxPage />],
  ['/outbox/:id', ({ id }) => <OutboxPage messageId={id ?? ''} />],
  ['/users', () => <UsersPage />],
  ['/users/:id', ({ id }) => <UsersPage userId={id ?? ''} />],
  ['/clients', () => <ClientsPage />],
  ['/batches', () => <BatchesPage />],
  ['/batches/:id', ({ id }) => <BatchesPage batchId={id ?? ''} />],
  ['/settings', () => <SettingsPage />],
]

export function App() {
  return <><SessionGate><Pages /></SessionGate><Toasts /></>
}

function Pages() {
  const { path } = useLocation()
  const [finding, setFinding] = useState(false)
  const [touring, setTouring] = useState(false)
  const leaving = useLeaving()
  const overview = useOverview().data
  const isDevelopment = overview?.is_development
  useEffect(() => { if (isDevelopment && isFirstVisit() && location.pathname === '/flows') setTouring(true) }, [isDevelopment])
  useEffect(() => { if (path === '/') navigate('/flows', { replace: true }) }, [path])
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') { event.preventDefault(); setFinding(true) }
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
  const app = { onTour: () => setTouring(true) }
  const found = ROUTES.map(([pattern, render]) => [match(pattern, path), render] as const).find(([params]) => params)
  return (
    <Shell onSearch={() => setFinding(true)} onTour={app.onTour}>
      <Guard key={path}>
        {found?.[0] ? found[1](found[0], app) : path !== '/' && <Empty icon="search" title="There is no such page" action={<Link to="/flows" className="btn">To the flows</Link>}>Check the address, or find it with Ctrl+K.</Empty>}
      </Guard>
      {finding && <Palette onClose={() => setFinding(false)} />}
      {leaving && <Confirm title="Leave without saving?" action="Leave" danger onClose={answerLeaving} onConfirm={leaving.go}>{leaving.question}</Confirm>}
      {touring && <Tour onClose={() => setTouring(false)} />}
    </Shell>
  )
}

/** A fault in one page must not take the others away. */
class Guard extends Component<{ children: ReactNode }, { fault: string }> {
  override state = { fault: '' }
  static getDerivedStateFromError(error: unknown) { return { fault: error instanceof Error ? error.message : String(error) } }
  override render() {
    if (!this.state.fault) return this.props.children
    return <Empty icon="warn" title="This page broke" action={<Button onClick={() => location.reload()}>Load it again</Button>}>{this.state.fault}. Please tell the maintainers what you did before.</Empty>
  }
}
