/** An error as people read it: what, where, what to do. */
import { Note } from '../ui/controls.tsx'
import { JsonView } from '../ui/Json.tsx'
import type { Action, Json, Step } from '../api/types.ts'

interface InvalidParam { code?: string; message?: string; path?: string | (string | number)[] }
interface Props { error: { code: string; message: string; at?: string; hint?: string; details?: unknown }; step?: Step; action?: Action }

/** With the *step* it says what a param came out as, with its *action* which expression gave that. */
export function ErrorNote({ error, step, action }: Props) {
  const invalid = (error.details as { invalidParams?: InvalidParam[] } | null | undefined)?.invalidParams
  const isEmpty = invalid?.some((one) => step && isNothing(at(step.input, partsOf(one))))
  return (
    <div className="stack s">
      <Note kind="bad">
        <b>{error.message}</b>
        {invalid && <ul className="invalid">{invalid.map((one, index) => <li key={index}><InvalidItem one={one} step={step} action={action} /></li>)}</ul>}
        {error.hint && <p>{error.hint}</p>}
        {isEmpty && !error.hint && <p>An expression gave no value. Look at the outputs of the steps before for what is there, and mend the field; or give it another value for this case, like <code>{'{{ … ?? \'none\' }}'}</code>.</p>}
        <p className="mono soft">{error.code}{error.at && ` · at ${error.at}`}</p>
      </Note>
      {error.details !== undefined && error.details !== null && !invalid && <JsonView label="Details" value={error.details} />}
    </div>
  )
}

function InvalidItem({ one, step, action }: { one: InvalidParam; step?: Step | undefined; action?: Action | undefined }) {
  const parts = partsOf(one)
  const value = step ? at(step.input, parts) : undefined
  const written = at((action?.params ?? null) as Json, parts)
  return (
    <>
      <code>{parts.join('.')}</code> {one.message}
      {step && <>, and came out as {value === undefined ? 'nothing' : <code>{JSON.stringify(value).slice(0, 80)}</code>}</>}
      {typeof written === 'string' && written.includes('{{') && <> from <code>{written.slice(0, 160)}</code></>}
    </>
  )
}

const isNothing = (value: Json | undefined) => value === undefined || value === null || value === ''
const partsOf = ({ path }: InvalidParam) => (Array.isArray(path) ? path.map(String) : (path ?? '').split('/').slice(1).map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')))

function at(value: Json, parts: readonly string[]): Json | undefined {
  let found: Json | undefined = value
  for (const part of parts) {
    if (found === null || typeof found !== 'object') return undefined
    found = (found as Record<string, Json>)[part]
  }
  return found
}
