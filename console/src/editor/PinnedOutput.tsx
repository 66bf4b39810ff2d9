/** An output to try things out with: what a run gave, or typed. Real runs never use it. */
import type { ActionSpec, Json, Schema, Step } from '../api/types.ts'
import { JsonField } from '../panel/JsonField.tsx'
import { Button, Note } from '../ui/controls.tsx'
import { toast } from '../ui/toasts.tsx'
import { useEditor, useStore } from './store.ts'

export function PinnedOutput({ id, spec, step }: { id: string; spec: ActionSpec | undefined; step: Step | undefined }) {
  const store = useStore()
  const isPinned = useEditor((state) => id in state.pinned)
  const value = useEditor((state) => state.pinned[id]) as Json | undefined
  const pin = (output: Json) => { store.pin(id, output); toast('Pinned: completion, previews and dry runs use this output') }
  if (!isPinned) {
    return (
      <div className="row wrap">
        {step?.output !== null && step?.output !== undefined && <Button small icon="pin" onClick={() => pin(step.output)}>Pin this output</Button>}
        <Button small kind="quiet" icon="edit" onClick={() => pin(exampleOf(spec?.output, spec?.output.$defs ?? {}, 0))}>Type an output</Button>
      </div>
    )
  }
  return (
    <div className="stack s">
      <Note kind="warn"><b>Its output is pinned.</b> Completion, previews, dry runs and running from here use it; real runs never do. <Button kind="link" small onClick={() => store.pin(id, undefined)}>Unpin</Button></Note>
      <JsonField label="Pinned output" value={value} scope={null} height="medium" onChange={(next) => { if (next !== undefined) store.pin(id, next) }} />
    </div>
  )
}

/** A value that fits the schema, to begin from. */
function exampleOf(schema: Schema | undefined, defs: Record<string, Schema>, depth: number): Json {
  const real = schema?.$ref ? defs[schema.$ref.split('/').at(-1) ?? ''] : schema?.anyOf?.find((one) => one.type !== 'null') ?? schema
  if (!real || depth > 4) return {}
  if (real.examples?.[0] !== undefined) return real.examples[0]
  if (real.enum?.[0] !== undefined) return real.enum[0]
  const type = Array.isArray(real.type) ? real.type.find((one) => one !== 'null') : real.type
  switch (type) {
    case 'string': return ''
    case 'integer': case 'number': return 0
    case 'boolean': return true
    case 'array': return []
    default: return Object.fromEntries(Object.entries(real.properties ?? {}).map(([name, part]) => [name, name === 'status' && depth === 0 ? 200 : exampleOf(part, defs, depth + 1)]))
  }
}
