/** A JSON editor in which `{{ x }}` is a value. What cannot be read stays in the editor until mended. */
import { useEffect, useRef, useState, type ReactNode } from 'react'
import type { Json } from '../api/types.ts'
import { CodeEditor } from '../code/CodeEditor.tsx'
import { parseTemplateJson, showJson } from '../flow/jsonText.ts'
import type { Scope } from '../flow/scope.ts'
import { Dialog } from '../ui/Dialog.tsx'
import { Button, Field } from '../ui/controls.tsx'

interface Props { label: string; tip?: ReactNode; required?: boolean; value: Json | undefined; onChange: (value: Json | undefined) => void; scope: Scope | null; error?: string; aside?: ReactNode; height?: 'small' | 'medium' | 'large' | 'fill'; plainText?: boolean }

export function JsonField({ label, tip, required, value, onChange, scope, error, aside, height = 'medium', plainText = false }: Props) {
  const [text, setText] = useState(() => shown(value, plainText))
  const [problem, setProblem] = useState('')
  const [large, setLarge] = useState(false)
  const known = useRef(JSON.stringify(value))
  useEffect(() => {
    const now = JSON.stringify(value)
    if (now === known.current) return
    known.current = now
    setText(shown(value, plainText))
    setProblem('')
  }, [value, plainText])
  const change = (next: string) => {
    setText(next)
    if (!next.trim()) {
      setProblem('')
      const empty = required ? '' : undefined
      known.current = JSON.stringify(empty)
      onChange(empty)
      return
    }
    const parsed = parseTemplateJson(next)
    if (parsed.problem) {
      const isText = plainText && !/^\s*[[{"]/.test(next)
      if (!isText) { setProblem(parsed.problem.message); return }
      setProblem('')
      known.current = JSON.stringify(next)
      onChange(next)
      return
    }
    setProblem('')
    known.current = JSON.stringify(parsed.value)
    onChange(parsed.value)
  }
  const editor = (size: typeof height) => <CodeEditor language="json" label={label} value={text} onChange={change} scope={scope} height={size} invalid={Boolean(problem || error)} required={required} />
  return (
    <Field label={label} tip={tip} required={required} error={problem || error} aside={<>{aside}<Button kind="link" small onClick={() => setLarge(true)}>Expand</Button></>}>
      {() => large
        ? <Dialog size="huge" title={label} onClose={() => setLarge(false)} foot={<Button kind="primary" onClick={() => setLarge(false)}>Done</Button>}><div className="expanded">{editor('fill')}</div>{problem && <p className="error-text" role="alert">{problem}</p>}</Dialog>
        : editor(height)}
    </Field>
  )
}

function shown(value: Json | undefined, plainText: boolean): string {
  if (value === undefined || (value === '' && plainText)) return ''
  if (typeof value === 'string') return plainText || /^\s*\{\{[\s\S]*\}\}\s*$/.test(value) ? value : value === '' ? '' : JSON.stringify(value)
  return showJson(value)
}
