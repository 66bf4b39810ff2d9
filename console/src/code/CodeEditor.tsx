/** The code editor, fetched once; a plain field stands in until it has come. */
import { lazy, Suspense } from 'react'
import type { EditorProps } from './Editor.tsx'
import './code.css'

const load = () => import('./Editor.tsx')
const Loaded = lazy(load)

/** Fetch the editor before it is needed. */
export const preloadEditor = () => { void load() }

export function CodeEditor(props: EditorProps) {
  return <Suspense fallback={<Plain {...props} />}><Loaded {...props} /></Suspense>
}

function Plain({ value, onChange, label, singleLine, readOnly, height }: EditorProps) {
  const shared = { 'value': value, 'aria-label': label, 'readOnly': readOnly || !onChange }
  return singleLine
    ? <input className="input mono" {...shared} onChange={(event) => onChange?.(event.target.value)} />
    : <div className={`code many ${height ?? 'medium'}`}><textarea className="input" {...shared} onChange={(event) => onChange?.(event.target.value)} /></div>
}
