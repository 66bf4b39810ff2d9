/** The outbox: what flows sent, as it arrives; attempts, and another try for what failed. */
import { useEffect, useState } from 'react'
import { get, post, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import { useOverview } from '../api/resources.ts'
import type { Json, JsonObject } from '../api/types.ts'
import { Link, navigate, setQuery, useLocation, useTitle } from '../app/router.tsx'
import { Page } from '../app/Shell.tsx'
import '../panel/panel.css'
import { Status, statusWords } from '../run/status.tsx'
import { Button, Empty, IconButton, Note, Segmented, Select, Skeleton, Tabs } from '../ui/controls.tsx'
import { Confirm } from '../ui/Dialog.tsx'
import { Icon, type IconName } from '../ui/Icon.tsx'
import { Ago, exactTime } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { Search } from './FlowsPage.tsx'

interface Attempt { ok: boolean; at?: string; provider?: string | null; error?: { code?: string; message?: string }; final?: boolean }
interface OutboxMessage { id: string; channel: string; status: string; delivery?: string; execution_id: string; step_id: string; message: JsonObject; attempts: number; history: Attempt[]; provider?: string | null; receipt?: Json; reports?: JsonObject[]; created_at: string; updated_at: string; next_try_at?: string | null }
interface Content { channel: string; subject?: string; html?: string; text?: string; to?: string; sms?: { encoding: string; units: number; segments: number } }

const CHANNELS: Record<string, { icon: IconName; words: string }> = { email: { icon: 'mail', words: 'Email' }, sms: { icon: 'sms', words: 'Text message' }, call: { icon: 'call', words: 'Call' } }
const textOf = (value: Json | undefined) => (typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value))
const statusOf = (message: OutboxMessage) => (message.provider === 'capture' && message.status === 'SENT' ? 'CAPTURED' : message.status)

export function OutboxPage({ messageId }: { messageId?: string }) {
  useTitle('Outbox')
  const { query } = useLocation()
  const status = query.get('status') ?? ''
  const execution = query.get('execution') ?? ''
  const asked = query.get('q') ?? ''
  const [text, setText] = useState(asked)
  const [words, setWords] = useState(asked)
  useEffect(() => setText(asked), [asked])
  useEffect(() => { const timer = setTimeout(() => setWords(text), 250); return () => clearTimeout(timer) }, [text])
  const [pages, setPages] = useState<string[]>([])
  useEffect(() => setPages([]), [status, words])
  const from = pages.at(-1)
  const list = useQuery(`outbox/list/${status}/${words}/${execution}/${from ?? ''}`, () => get<{ messages: OutboxMessage[]; next?: string }>('/sluiceway/v1/outbox', { status: status ? [status] : undefined, q: words, execution_id: execution, take: 30, from }), { every: from ? undefined : 3000, fresh: 500 })
  const messages = list.data?.messages ?? []
  const overview = useOverview().data
  const shown = messageId ?? messages[0]?.id
  return (
    <Page title="Outbox" about="Messages that flows queued: delivered by the provider, or captured here until one is set up.">
      <div className="toolbar">
        <Search value={text} onChange={setText} label="Search recipients and subjects" />
        <div><Select aria-label="Status" value={status} onChange={(value) => setQuery({ status: value })} options={[['', 'Any status'], ...['QUEUED', 'SENDING', 'SENT', 'DEAD', 'DISCARDED'].map((one) => [one, statusWords(one)] as const)]} /></div>
        {execution && <Button small icon="close" onClick={() => setQuery({ execution: null })}>Of one execution</Button>}
        <span className="grow" />
        {(overview?.counts.outbox['DEAD'] ?? 0) > 0 && <Button icon="retry" onClick={() => { post<{ retried: number }>('/sluiceway/v1/outbox/retry').then(({ retried }) => { toast(`Trying ${retried} again`); invalidate('outbox'); invalidate('overview') }, reportError) }}>Try all failed again</Button>}
      </div>
      {list.error && <Note kind="bad">{list.error.message}</Note>}
      {list.loading && <Skeleton />}
      {list.data && !messages.length && <div className="card">{words || status ? <Empty icon="search" title="None like this">No message fits what you search for.</Empty> : <Empty icon="outbox" title="No messages yet" action={<Link className="btn" to="/flows">To the flows</Link>}>When a flow sends an email, a text message or a call, it is listed here with what became of it.</Empty>}</div>}
      {messages.length > 0 && (
        <div className={`mailbox ${messageId ? 'reading' : ''}`}>
          {messageId && <Link className="btn small back" to={`/outbox${location.search}`}><Icon name="left" size={15} />All messages</Link>}
          <ol className="card mail-list" aria-label="Messages">
            {messages.map((message) => (
              <li key={message.id}>
                <Link to={`/outbox/${seg(message.id)}${location.search}`} className={`mail-item ${message.id === shown ? 'on' : ''}`} aria-current={message.id === shown ? 'true' : undefined}>
                  <Icon name={CHANNELS[message.channel]?.icon ?? 'mail'} size={17} />
                  <span className="grow"><b className="ellipsis">{textOf(message.message['to'])}</b><span className="ellipsis soft">{textOf(message.message['subject']) || textOf(message.message['text']) || CHANNELS[message.channel]?.words}</span></span>
                  <span className="mail-side"><Ago at={message.created_at} /><Status status={statusOf(message)} /></span>
                </Link>
              </li>
            ))}
            {(pages.length > 0 || list.data?.next) && <li className="row between mail-pages"><Button small disabled={!pages.length} onClick={() => setPages(pages.slice(0, -1))}>Newer</Button><Button small disabled={!list.data?.next} onClick={() => { if (list.data?.next) setPages([...pages, list.data.next]) }}>Older</Button></li>}
          </ol>
          {shown && <Detail key={shown} id={shown} />}
        </div>
      )}
    </Page>
  )
}

function Detail({ id }: { id: string }) {
  const message = useQuery(`outbox/one/${id}`, () => get<OutboxMessage>(`/sluiceway/v1/outbox/${seg(id)}`), { every: 3000 })
  const content = useQuery(`outbox/content/${id}`, () => get<Content>(`/sluiceway/v1/outbox/${seg(id)}/content`), { fresh: 600_000 })
  const [tab, setTab] = useState<'preview' | 'text' | 'source' | 'attempts'>('preview')
  const [width, setWidth] = useState<'phone' | 'desktop'>(() => (innerWidth < 600 ? 'phone' : 'desktop'))
  const [images, setImages] = useState(false)
  const [asking, setAsking] = useState<'retry' | 'discard' | null>(null)
  const one = message.data
  if (message.error) return <div className="card pad"><Note kind="bad">{message.error.message}</Note></div>
  if (!one) return <Skeleton />
  const act = async (what: 'retry' | 'discard') => {
    try { await post(`/sluiceway/v1/outbox/${seg(id)}/${what}`); invalidate('outbox'); invalidate('overview'); toast(what === 'retry' ? 'Queued again' : 'Given up') } catch (error) { reportError(error) }
    setAsking(null)
  }
  const last = one.history.at(-1)
  const isEmail = one.channel === 'email'
  const wasPassedOn = one.history.some((attempt) => attempt.ok) || one.status === 'SENT'
  return (
    <article className="card mail-detail" aria-label="Message">
      <header className="stack s">
        <div className="row between wrap"><h2 className="grow">{textOf(one.message['subject']) || content.data?.subject || CHANNELS[one.channel]?.words}</h2><Status status={statusOf(one)} /></div>
        <dl className="facts">
          <div><dt>To</dt><dd>{textOf(one.message['to'])}</dd></div>
          {textOf(one.message['from']) && <div><dt>From</dt><dd>{typeof one.message['from'] === 'object' ? Object.values(one.message['from'] ?? {}).join(' ') : textOf(one.message['from'])}</dd></div>}
          <div><dt>Queued</dt><dd>{exactTime(one.created_at)} by <Link to={`/executions/${seg(one.execution_id)}?step=${seg(one.step_id)}`}>{one.step_id}</Link></dd></div>
          {one.provider && <div><dt>Provider</dt><dd>{one.provider === 'capture' ? 'captured here, not sent' : one.provider}{one.delivery && one.provider !== 'capture' && <> · {one.delivery}</>}</dd></div>}
        </dl>
        {one.status === 'DEAD' && <Note kind="bad"><b>It could not be delivered.</b> {last?.error?.message}</Note>}
        {one.status === 'QUEUED' && one.attempts > 0 && <Note kind="warn">{last?.error?.message ?? 'The last attempt failed.'} {one.next_try_at && <>The next try is <Ago at={one.next_try_at} />.</>}</Note>}
        <div className="row wrap">
          {(one.status === 'DEAD' || one.status === 'DISCARDED') && <Button small icon="retry" onClick={() => setAsking('retry')}>Send again</Button>}
          {(one.status === 'QUEUED' || one.status === 'DEAD') && <Button small icon="trash" onClick={() => setAsking('discard')}>Give up</Button>}
        </div>
      </header>
      <div className="row between wrap">
        <Tabs label="Parts of the message" value={tab} onChange={setTab} tabs={[{ value: 'preview', label: 'Preview' }, ...(isEmail ? [{ value: 'text' as const, label: 'Text' }, { value: 'source' as const, label: 'Source' }] : []), { value: 'attempts', label: <>Attempts <span className="badge num">{one.attempts}</span></> }]} />
        {tab === 'preview' && isEmail && <span className="row"><IconButton icon="eye" label={images ? 'Hide remote images' : 'Load remote images'} aria-pressed={images} onClick={() => setImages(!images)} /><Segmented label="Width" value={width} onChange={setWidth} options={[{ value: 'phone', label: 'Phone', icon: 'phone' }, { value: 'desktop', label: 'Desktop', icon: 'desktop' }]} /></span>}
      </div>
      <div role="tabpanel" aria-label={tab}>
        {content.error && tab !== 'attempts' && <Note kind="warn">{content.error.message}</Note>}
        {tab === 'preview' && isEmail && !content.error && <div className={`preview-frame tall ${width}`} tabIndex={0} role="group" aria-label="Rendered email, to scroll"><iframe title="Rendered email" sandbox="" src={`/sluiceway/v1/outbox/${seg(id)}/page${images ? '?images=show' : ''}`} /></div>}
        {tab === 'preview' && !isEmail && content.data && (
          <div className="stack s">
            <div className={`bubble ${one.channel === 'call' ? 'call' : ''}`}>{one.channel === 'call' && <Icon name="call" size={15} />}<span>{content.data.text}</span></div>
            {one.channel === 'sms' && content.data.sms && <p className="hint num">{content.data.sms.units} characters in {content.data.sms.encoding} · {content.data.sms.segments} {content.data.sms.segments === 1 ? 'message' : 'messages'}</p>}
          </div>
        )}
        {tab === 'text' && <pre className="codebox preview-text" tabIndex={0}>{content.data?.text}</pre>}
        {tab === 'source' && <pre className="codebox preview-text" tabIndex={0}>{content.data?.html}</pre>}
        {tab === 'attempts' && (one.history.length
          ? <ol className="stack s">{one.history.map((attempt, index) => <li key={index} className="attempt"><Icon name={attempt.ok ? 'check' : 'close'} size={15} /><span className="grow">{attempt.ok ? 'Taken' : attempt.error?.message ?? 'Failed'}{attempt.provider && <span className="muted"> · {attempt.provider}</span>}{attempt.error?.code && <span className="muted mono"> · {attempt.error.code}</span>}</span>{attempt.at && <Ago at={attempt.at} />}</li>)}{(one.reports ?? []).map((report, index) => <li key={`r${index}`} className="attempt"><Icon name="info" size={15} /><span className="grow">{textOf(report['event'])} {textOf(report['detail'])}</span></li>)}</ol>
          : <p className="muted">No attempt yet.</p>)}
      </div>
      {asking === 'retry' && <Confirm title="Send it again?" action="Send again" onClose={() => setAsking(null)} onConfirm={() => act('retry')}>{wasPassedOn ? 'A provider took this message before: sent again, it goes out twice.' : 'Each attempt so far failed. If one of them went through after all, the message goes out twice.'} {one.history.length} {one.history.length === 1 ? 'attempt was' : 'attempts were'} made.</Confirm>}
      {asking === 'discard' && <Confirm title="Give this message up?" action="Give up" danger onClose={() => setAsking(null)} onConfirm={() => act('discard')}>It is not tried any more. It stays listed, and can be queued again.</Confirm>}
    </article>
  )
}

export const openOutbox = (execution: string) => navigate(`/outbox?execution=${seg(execution)}`)
