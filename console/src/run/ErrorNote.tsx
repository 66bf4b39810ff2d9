/** An error as people read it: what, where, what to do. */
import { Note } from '../ui/controls.tsx'
import { JsonView } from '../ui/Json.tsx'

interface InvalidParam { code?: string; message?: string; path?: string | (string | number)[] }

export function ErrorNote({ error }: { error: { code: string; message: string; at?: string; hint?: string; details?: unknown } }) {
  const invalid = (error.details as { invalidParams?: InvalidParam[] } | null | undefined)?.invalidParams
  return (
    <div className="stack s">
      <Note kind="bad">
        <b>{error.message}</b>
        {invalid && <ul className="invalid">{invalid.map((one, index) => <li key={index}><code>{Array.isArray(one.path) ? one.path.join('.') : one.path}</code> {one.message}</li>)}</ul>}
        {error.hint && <p>{error.hint}</p>}
        <p className="mono soft">{error.code}{error.at && ` · at ${error.at}`}</p>
      </Note>
      {error.details !== undefined && error.details !== null && !invalid && <JsonView label="Details" value={error.details} />}
    </div>
  )
}
