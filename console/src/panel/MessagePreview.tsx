/** A notification as it would arrive, rendered by the server's own Liquid; nothing is sent. */
import { useEffect, useState } from 'react'
import { get, post, seg } from '../api/client.ts'
import { useQuery } from '../api/query.ts'
import { useHas } from '../api/resources.ts'
import type { Action, Execution, Input, Json } from '../api/types.ts'
import { Note, Segmented, Select } from '../ui/controls.tsx'
import { Icon } from '../ui/Icon.tsx'

export interface Preview {
  url: string
  channel: string
  to: string
  from: string | null
  subject?: string
  html?: string
  text: string
  size?: { html_bytes: number; mail_bytes: number }
  sms?: { encoding: string; units: number; segments: number; unicode_characters?: string }
  missing_variables: string[]
  remote_images?: string[]
  problems: { severity: string; code: string; message: string; at: string; line?: number; hint?: string }[]
}

const CHANNELS: Record<string, 'email' | 'sms' | 'call'> = { SEND_EMAIL: 'email', SEND_SMS: 'sms', MAKE_CALL: 'call' }
export const canPreview = (action: Action) => action.type === 'AUTH0' && action.action in CHANNELS

interface Sample { name: string; input: Input }

export function MessagePreview({ action, seen, flowId, outputs, onMissing }: { action: Action; seen: Execution | null; flowId: string; outputs: Record<string, Json>; onMissing: (names: readonly string[]) => void }) {
  const has = useHas('POST /sluiceway/v1/previews')
  const [preview, setPreview] = useState<Preview | null>(null)
  const [failure, setFailure] = useState('')
  const [part, setPart] = useState<'html' | 'text' | 'source'>('html')
  const [width, setWidth] = useState<'phone' | 'desktop'>('phone')
  const [chosen, setChosen] = useState('')
  const samples = useQuery(`samples/${flowId}`, () => get<{ samples: Sample[] }>(`/sluiceway/v1/flows/${seg(flowId)}/samples`).then((answer) => answer.samples)).data
  // What really happened is the best sample there is.
  const data = chosen || (seen ? 'last' : 'made-up')
  const sample = data.startsWith('sample:') ? samples?.find((one) => one.name === data.slice(7)) : undefined
  const given = data === 'last' && seen ? { execution_id: seen.id } : sample ? { data: { ...sample.input, actions: outputs } } : {}
  const from = JSON.stringify(given)
  const key = JSON.stringify(action.params)
  useEffect(() => {
    if (!has) return
    const stop = new AbortController()
    const timer = setTimeout(() => {
      post<Preview>('/sluiceway/v1/previews', { action: `${action.type}/${action.action}`, params: action.params ?? {}, ...given }, { signal: stop.signal })
        .then((found) => { const missing = [...new Set(found.missing_variables)]; setPreview({ ...found, missing_variables: missing }); onMissing(missing); setFailure('') })
        .catch((error: Error) => { if (error.name !== 'AbortError') setFailure(error.message) })
    }, 350)
    return () => { stop.abort(); clearTimeout(timer) }
    // The params by their text: another object with the same content is no news.
  }, [has, key, from, onMissing])
  if (has === false) return <Note>This server renders no previews yet. The message is rendered when the flow runs.</Note>
  const channel = CHANNELS[action.action]
  return (
    <section className="preview stack s" aria-label="Preview">
      <div className="row wrap between">
        <h3 className="row"><Icon name="eye" size={15} />Preview</h3>
        {(seen || (samples?.length ?? 0) > 0) && <div className="select-small"><Select aria-label="Data of the preview" value={data} onChange={setChosen} options={[...(seen ? [['last', 'The last run’s data'] as const] : []), ...(samples ?? []).map((one) => [`sample:${one.name}`, `Sample: ${one.name}`] as const), ['made-up', 'Made-up data']]} /></div>}
      </div>
      {failure && <Note kind="bad">{failure}</Note>}
      {preview && (
        <>
          <div className="preview-head">
            <div><span>To</span><b>{preview.to || '—'}</b></div>
            {channel === 'email' && <div><span>Subject</span><b>{preview.subject || '—'}</b></div>}
          </div>
          {channel === 'email' && (
            <>
              <div className="row wrap between">
                <Segmented label="Part" value={part} onChange={setPart} options={[{ value: 'html', label: 'HTML' }, { value: 'text', label: 'Text' }, { value: 'source', label: 'Source' }]} />
                {part === 'html' && <Segmented label="Width" value={width} onChange={setWidth} options={[{ value: 'phone', label: 'Phone', icon: 'phone' }, { value: 'desktop', label: 'Desktop', icon: 'desktop' }]} />}
              </div>
              {part === 'html' && <div className={`preview-frame ${width}`} tabIndex={0} role="group" aria-label="Rendered email, to scroll"><iframe key={preview.url} title="Rendered email" sandbox="" src={preview.url} /></div>}
              {part === 'text' && <pre className="codebox preview-text" tabIndex={0}>{preview.text}</pre>}
              {part === 'source' && <pre className="codebox preview-text" tabIndex={0}>{preview.html}</pre>}
            </>
          )}
          {channel === 'sms' && (
            <>
              <div className="bubble">{preview.text || '…'}</div>
              {preview.sms && <p className="hint num">{preview.sms.units} characters in {preview.sms.encoding} · {preview.sms.segments} {preview.sms.segments === 1 ? 'message' : 'messages'}{preview.sms.unicode_characters ? ` · ${preview.sms.unicode_characters} need the wider encoding` : ''}</p>}
            </>
          )}
          {channel === 'call' && <div className="bubble call"><Icon name="call" size={15} /><span>{preview.text || '…'}</span></div>}
          {preview.missing_variables.length > 0 && <Note kind="warn">Without a value: {preview.missing_variables.map((name) => <code key={name} className="missing">{name}</code>)}</Note>}
          {preview.problems.filter((problem) => problem.code !== 'missing_variable').map((problem, index) => <Note key={index} kind={problem.severity === 'error' ? 'bad' : 'warn'}>{problem.message}{problem.line ? ` (line ${problem.line})` : ''} {problem.hint}</Note>)}
        </>
      )}
    </section>
  )
}
