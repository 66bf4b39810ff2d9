/** The first visit: four short notes beside what they are about, and the sample flow run once. */
import { useEffect, useState } from 'react'
import { get, post, seg } from '../api/client.ts'
import { listFlows } from '../api/resources.ts'
import type { Execution, Input } from '../api/types.ts'
import { Button, IconButton } from '../ui/controls.tsx'
import { reportError } from '../ui/toasts.tsx'
import { navigate } from './router.tsx'

const KEY = 'sluiceway.toured'
export const isFirstVisit = () => { try { return localStorage.getItem(KEY) === null } catch { return false } }
const remember = () => { try { localStorage.setItem(KEY, '1') } catch { /* asked again next time */ } }

const NOTES: readonly { title: string; text: string; at?: string; next: string }[] = [
  { title: 'Welcome to Sluiceway', text: 'Here you build flows, run them and see what they did. In a minute you will have run one: it looks a sample user up and writes an email that is captured, not sent.', next: 'Show me' },
  { title: 'This is a flow', text: 'Cards run from top to bottom. A + adds a step, a click on a card opens its panel, and drag moves it. Everything works from the keyboard too: press ? on the canvas.', at: '.canvas', next: 'Run it' },
  { title: 'It has run', text: 'Each card shows how it went. Below are the steps with what went in and what came out. Secrets are masked.', at: '.run-drawer', next: 'And the email?' },
  { title: 'Captured, not sent', text: 'Without a provider, messages are kept here for you to read. Set one up under Providers when you want them to arrive.', at: '.page', next: 'Done' },
]

export function Tour({ onClose }: { onClose: () => void }) {
  const [step, setStep] = useState(0)
  const [busy, setBusy] = useState(false)
  const note = NOTES[step]
  const close = () => { remember(); onClose() }
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => { if (event.key === 'Escape') { remember(); onClose() } }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [onClose])
  const next = async () => {
    setBusy(true)
    try {
      if (step === 0) {
        const flows = await listFlows()
        const sample = flows.find((flow) => flow.name === 'Greet a user') ?? flows[0]
        if (!sample) { close(); navigate('/flows'); return }
        navigate(`/flows/${seg(sample.id)}`)
      } else if (step === 1) {
        const id = /^\/flows\/([^/?]+)/.exec(location.pathname)?.[1] ?? ''
        const { samples } = await get<{ samples: { input: Input }[] }>(`/sluiceway/v1/flows/${id}/samples`)
        const execution = await post<Execution>(`/sluiceway/v1/flows/${id}/executions`, samples[0]?.input ?? {})
        navigate(`/flows/${id}?execution=${seg(execution.id)}`)
      } else if (step === 2) navigate('/outbox')
      else { close(); return }
      setStep(step + 1)
    } catch (error) { reportError(error); close() } finally { setBusy(false) }
  }
  if (!note) return null
  return (
    <section className="tour" role="dialog" aria-label={note.title} aria-live="polite">
      <div className="row between"><span className="muted num">{step + 1} of {NOTES.length}</span><IconButton small icon="close" label="End the tour" onClick={close} /></div>
      <h2>{note.title}</h2>
      <p className="soft">{note.text}</p>
      <div className="row end">
        {step < NOTES.length - 1 && <Button kind="quiet" onClick={close}>Not now</Button>}
        <Button kind="primary" busy={busy} onClick={() => void next()}>{note.next}</Button>
      </div>
    </section>
  )
}
