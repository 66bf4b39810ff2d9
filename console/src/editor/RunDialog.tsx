/** What a test run is given: a saved sample, a past execution's input, or what is typed. */
import { useMemo, useState } from 'react'
import { get, put, remove, seg } from '../api/client.ts'
import { invalidate, useQuery } from '../api/query.ts'
import { getExecution, useHas } from '../api/resources.ts'
import type { Action, Execution, Input, Json, JsonObject } from '../api/types.ts'
import { CodeEditor } from '../code/CodeEditor.tsx'
import { showJson } from '../flow/jsonText.ts'
import { walk } from '../flow/tree.ts'
import { Button, Field, IconButton, Note, Select, Tabs, TextField } from '../ui/controls.tsx'
import { Dialog } from '../ui/Dialog.tsx'
import { ago } from '../ui/time.tsx'
import { reportError, toast } from '../ui/toasts.tsx'
import { statusWords } from '../run/status.tsx'

interface Sample { name: string; input: Input; updated_at: string }
type Part = 'fields' | 'context' | 'vars'
const PARTS: readonly { value: Part; label: string; about: string }[] = [
  { value: 'fields', label: 'Fields', about: 'What a form, or the caller, gives: {{ fields.… }}' },
  { value: 'context', label: 'Context', about: 'The user and the transaction: {{ context.user.… }}' },
  { value: 'vars', label: 'Variables', about: 'Shared variables at the start: {{ vars.… }}' },
]

export interface RunRequest { input: Required<Input>; dry: boolean }

const remembered = new Map<string, Record<Part, string>>()

export function RunDialog({ flowId, actions, title, note, onRun, onClose }: { flowId: string; actions: readonly Action[]; title: string; note?: string; onRun: (request: RunRequest) => Promise<void>; onClose: () => void }) {
  const samples = useQuery(`samples/${flowId}`, () => get<{ samples: Sample[] }>(`/sluiceway/v1/flows/${seg(flowId)}/samples`).then((answer) => answer.samples)).data
  const past = useQuery(`executions/of/${flowId}`, () => get<{ executions: Execution[] }>('/sluiceway/v1/executions', { flow_id: flowId, take: 10 }).then((answer) => answer.executions)).data
  const canDry = useHas('POST /sluiceway/v1/dry-runs')
  const guess = useMemo(() => guessInput(actions), [actions])
  const [source, setSource] = useState(remembered.has(flowId) ? 'typed' : '')
  const [texts, setTexts] = useState<Record<Part, string>>(() => remembered.get(flowId) ?? textsOf(guess))
  const [part, setPart] = useState<Part>('fields')
  const [saving, setSaving] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const [masked, setMasked] = useState(false)

  // The first saved sample is what most want; it is taken once it is there.
  if (source === '' && samples) {
    const first = samples[0]
    if (first) { setSource(`sample:${first.name}`); setTexts(textsOf(first.input)) } else setSource('typed')
  }
  const choose = async (next: string) => {
    setSource(next)
    setMasked(false)
    try {
      if (next.startsWith('sample:')) {
        const sample = samples?.find((one) => one.name === next.slice(7))
        if (sample) setTexts(textsOf(sample.input))
      } else if (next.startsWith('run:')) {
        const input = (await getExecution(next.slice(4))).debug?.input ?? {}
        setTexts(textsOf(input))
        setMasked(JSON.stringify(input).includes('███'))
      }
    } catch (problem) { reportError(problem) }
  }
  const parsed = (): Required<Input> | null => {
    const result: Required<Input> = { fields: {}, context: {}, vars: {} }
    for (const { value, label } of PARTS) {
      try {
        const read = JSON.parse(texts[value].trim() || '{}') as Json
        if (typeof read !== 'object' || read === null || Array.isArray(read)) throw new Error('an object is expected, like {"email": "ada@example.com"}')
        result[value] = read as JsonObject
      } catch (problem) {
        setPart(value)
        setError(`${label}: ${problem instanceof Error ? problem.message : 'no JSON'}`)
        return null
      }
    }
    setError('')
    return result
  }
  const run = async (dry: boolean) => {
    const input = parsed()
    if (!input) return
    remembered.set(flowId, texts)
    setBusy(true)
    try { await onRun({ input, dry }) } catch (problem) { setError(problem instanceof Error ? problem.message : String(problem)) } finally { setBusy(false) }
  }
  const keep = async () => {
    const input = parsed()
    const name = saving?.trim()
    if (!input || !name) return
    try {
      await put(`/sluiceway/v1/flows/${seg(flowId)}/samples/${seg(name)}`, input)
      invalidate(`samples/${flowId}`)
      setSource(`sample:${name}`)
      setSaving(null)
      toast(`Saved as ${name}`)
    } catch (problem) { reportError(problem) }
  }
  const chosenSample = source.startsWith('sample:') ? source.slice(7) : null
  const filled = (which: Part) => texts[which].trim() !== '' && texts[which].trim() !== '{}'
  return (
    <Dialog size="wide" title={title} onClose={onClose} onSubmit={() => void run(false)} foot={<>
      {saving === null ? <Button kind="quiet" icon="save" onClick={() => setSaving(chosenSample ?? '')}>Save as a sample</Button> : null}
      <span className="grow" />
      {canDry && <Button onClick={() => void run(true)} disabled={busy} icon="eye">Dry run</Button>}
      <Button type="submit" kind="primary" icon="play" busy={busy}>Run</Button>
    </>}>
      <div className="stack run-dialog">
        {note && <Note>{note}</Note>}
        {error && <Note kind="bad">{error}</Note>}
        <Field label="Input">
          {({ id }) => (
            <div className="row">
              <Select id={id} value={source} onChange={(next) => void choose(next)} options={[
                ['typed', 'As typed below'],
                ...(samples ?? []).map((sample) => [`sample:${sample.name}`, `Sample: ${sample.name}`] as const),
                ...(past ?? []).map((one) => [`run:${one.id}`, `Run ${ago(one.created_at)}: ${statusWords(one.status).toLowerCase()} (${one.id})`] as const),
              ]} />
              {chosenSample && <IconButton icon="trash" label={`Delete the sample ${chosenSample}`} onClick={() => {
                void remove(`/sluiceway/v1/flows/${seg(flowId)}/samples/${seg(chosenSample)}`).then(() => { setSource('typed'); invalidate(`samples/${flowId}`) }, reportError)
              }} />}
            </div>
          )}
        </Field>
        {masked && <Note kind="warn">Secret values are masked in records: put them in again where it says ███.</Note>}
        <div>
          <Tabs label="Parts of the input" value={part} onChange={setPart} tabs={PARTS.map(({ value, label }) => ({ value, label: <>{label}{filled(value) && <span className="dot" aria-label="has values" />}</> }))} />
          <p className="hint run-about">{PARTS.find((one) => one.value === part)?.about}</p>
          <CodeEditor key={part} language="json" label={PARTS.find((one) => one.value === part)?.label ?? ''} value={texts[part]} onChange={(text) => { setTexts({ ...texts, [part]: text }); setSource('typed') }} height="large" />
        </div>
        {saving !== null && (
          <div className="row sample-save">
            <TextField label="Name of the sample" value={saving} onChange={setSaving} autoFocus maxLength={80} onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); void keep() } }} />
            <Button onClick={() => void keep()} disabled={!saving.trim()}>Save</Button>
          </div>
        )}
        {canDry && <p className="hint">A dry run resolves every expression and takes every branch, but calls nothing and sends nothing: outputs are pinned ones, those last seen, or examples.</p>}
      </div>
    </Dialog>
  )
}

const textsOf = (input: Input): Record<Part, string> => ({ fields: showJson(input.fields ?? {}), context: showJson(input.context ?? {}), vars: showJson(input.vars ?? {}) })

/** An input with every name that the flow reads, to be filled in. */
export function guessInput(actions: readonly Action[]): Input {
  const input: Record<Part, JsonObject> = { fields: {}, context: {}, vars: {} }
  const stored = new Set<string>()
  for (const { action } of walk(actions)) {
    const { then: _then, else: _else, ...own } = action.params ?? {}
    if (action.action === 'STORE_VARS' && own['vars'] && typeof own['vars'] === 'object') for (const name of Object.keys(own['vars'])) stored.add(name)
    for (const [expression] of JSON.stringify(own).matchAll(/\{\{.*?\}\}/g)) {
      for (const hit of expression.matchAll(/(?<![\w$.])(fields|context|vars)((?:\.[A-Za-z_$][\w$]*)+)/g)) {
        const parts = (hit[2] ?? '').slice(1).split('.')
        if (hit[1] === 'vars' && stored.has(parts[0] ?? '')) continue
        let at = input[hit[1] as Part]
        for (const [index, name] of parts.entries()) {
          const known = at[name]
          if (index === parts.length - 1) at[name] ??= ''
          else at = at[name] = known && typeof known === 'object' && !Array.isArray(known) ? known : {}
        }
      }
    }
  }
  return input
}
