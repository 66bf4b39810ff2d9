/** The code editor behind every field that takes expressions. Loaded when first needed. */
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap, completionStatus, startCompletion } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { bracketMatching, foldGutter, foldKeymap, indentUnit } from '@codemirror/language'
import { linter, lintGutter, type Diagnostic } from '@codemirror/lint'
import { Annotation, Compartment, EditorState, Facet, type Extension } from '@codemirror/state'
import { Decoration, drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers, MatchDecorator, placeholder, ViewPlugin, type DecorationSet, type ViewUpdate } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { parseTemplateJson } from '../flow/jsonText.ts'
import type { Scope } from '../flow/scope.ts'
import { Icon } from '../ui/Icon.tsx'
import { completions } from './completion.ts'
import { languageOf, type Language } from './languages.ts'

export interface EditorProps {
  value: string
  onChange?: (value: string) => void
  language: Language
  label: string
  scope?: Scope | null
  singleLine?: boolean
  readOnly?: boolean
  invalid?: boolean
  required?: boolean
  describedBy?: string | undefined
  hint?: string
  missing?: readonly string[] | undefined
  height?: 'small' | 'medium' | 'large' | 'fill'
  autoFocus?: boolean
  onReady?: (insert: (text: string) => void) => void
}

const fromOutside = Annotation.define<boolean>()
const nonce = document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? ''

/** Variables that have no value in the preview: what reads them looks so. */
const missingNames = Facet.define<readonly string[], readonly string[]>({ combine: (all) => all[0] ?? [] })
const pill = Decoration.mark({ class: 'cm-pill' })
const emptyPill = Decoration.mark({ class: 'cm-pill missing', attributes: { title: 'Without a value in the preview' } })
const reads = (text: string, name: string) => new RegExp(`(?<![\\w.])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?!\\w)`).test(text)
const templates = new MatchDecorator({
  regexp: /\{\{[^{}]*\}\}/g,
  decoration: (match, view) => (view.state.facet(missingNames).some((name) => reads(match[0], name)) ? emptyPill : pill),
})
const pills = ViewPlugin.fromClass(class {
  decorations: DecorationSet
  constructor(view: EditorView) { this.decorations = templates.createDeco(view) }
  update(update: ViewUpdate) {
    const isKnown = update.startState.facet(missingNames) === update.state.facet(missingNames)
    this.decorations = isKnown ? templates.updateDeco(update, this.decorations) : templates.createDeco(update.view)
  }
}, { decorations: (plugin) => plugin.decorations })

const jsonLinter = linter((view): Diagnostic[] => {
  const text = view.state.doc.toString()
  const { problem } = text.trim() ? parseTemplateJson(text) : { problem: undefined }
  return problem ? [{ ...problem, severity: 'error' }] : []
}, { delay: 250 })

/** Typing `{{` or `{%` is no word, so it does not open the list by itself. */
const openOnBraces = EditorView.updateListener.of((update) => {
  if (!update.docChanged || !update.transactions.some((transaction) => transaction.isUserEvent('input.type'))) return
  const { head } = update.state.selection.main
  const before = update.state.sliceDoc(Math.max(0, head - 3), head)
  if (/\{\{ ?$|\{% ?$|\.$|\| ?$/.test(before) && completionStatus(update.state) === null) setTimeout(() => startCompletion(update.view), 0)
})

/** Left to itself, the browser keeps the look of what is typed over with inline styles, which the policy forbids. */
const typeOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { data } = event
    if (data === null || event.inputType !== 'insertText' || view.composing || view.state.readOnly) return false
    const { from, to } = typedOver(view)
    if (from === to) return false
    event.preventDefault()
    const change = () => view.state.update({ changes: { from, to, insert: data }, selection: { anchor: from + data.length }, userEvent: 'input.type', scrollIntoView: true })
    if (!view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, data, change))) view.dispatch(change())
    return true
  },
})

/** The browser's selection, of which the editor is told a moment later only. */
function typedOver(view: EditorView): { from: number; to: number } {
  const { anchorNode, anchorOffset, focusNode, focusOffset } = document.getSelection() ?? { anchorNode: null, focusNode: null, anchorOffset: 0, focusOffset: 0 }
  if (!anchorNode || !focusNode || !view.contentDOM.contains(anchorNode) || !view.contentDOM.contains(focusNode)) return view.state.selection.main
  const ends = [view.posAtDOM(anchorNode, anchorOffset), view.posAtDOM(focusNode, focusOffset)]
  return { from: Math.min(...ends), to: Math.max(...ends) }
}

const oneLine = EditorState.transactionFilter.of((transaction) => {
  if (!transaction.docChanged || transaction.newDoc.lines === 1) return transaction
  const text = transaction.newDoc.toString().replace(/\s*\n\s*/g, ' ')
  return [{ changes: { from: 0, to: transaction.startState.doc.length, insert: text }, selection: { anchor: Math.min(text.length, transaction.newSelection.main.head) } }]
})

export default function CodeEditor(props: EditorProps) {
  const box = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView | null>(null)
  const latest = useRef(props)
  latest.current = props
  const attributes = useRef(new Compartment())
  const { language, singleLine = false, readOnly = false } = props

  useEffect(() => {
    if (!box.current) return
    const isCode = !singleLine
    const extensions: Extension[] = [
      nonce ? EditorView.cspNonce.of(nonce) : [],
      history(),
      drawSelection(),
      closeBrackets(),
      indentUnit.of('  '),
      EditorState.tabSize.of(2),
      languageOf(language),
      pills,
      typeOver,
      attributes.current.of(attributesOf(latest.current)),
      latest.current.hint ? placeholder(latest.current.hint) : [],
      EditorView.lineWrapping,
      EditorState.readOnly.of(readOnly),
      EditorView.editable.of(!readOnly),
      isCode ? [lineNumbers(), foldGutter(), highlightActiveLine(), bracketMatching()] : oneLine,
      language === 'json' && isCode ? [jsonLinter, lintGutter()] : [],
      readOnly ? [] : [
        autocompletion({ override: [completions(language, () => latest.current.scope ?? null)], icons: false, defaultKeymap: false, maxRenderedOptions: 60, activateOnTypingDelay: 30 }),
        openOnBraces,
      ],
      // Tab leaves the editor, unless a completion is open to be taken.
      keymap.of([
        { key: 'Tab', run: acceptCompletion },
        // Escape closes an open list; a list still being looked up is no reason to swallow it.
        { key: 'Escape', run: (target) => { const isOpen = completionStatus(target.state) === 'active'; closeCompletion(target); return isOpen } },
        ...closeBracketsKeymap, ...completionKeymap.filter((binding) => binding.key !== 'Escape'), ...historyKeymap, ...foldKeymap,
        ...(singleLine ? defaultKeymap.filter((binding) => binding.key !== 'Enter') : defaultKeymap),
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged && !update.transactions.some((transaction) => transaction.annotation(fromOutside))) latest.current.onChange?.(update.state.doc.toString())
      }),
    ]
    const made = new EditorView({ parent: box.current, state: EditorState.create({ doc: latest.current.value, extensions }) })
    view.current = made
    if (latest.current.autoFocus) made.focus()
    latest.current.onReady?.((text) => {
      const { from, to } = made.state.selection.main
      made.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length }, userEvent: 'input' })
      made.focus()
    })
    return () => { made.destroy(); view.current = null }
  }, [language, singleLine, readOnly])

  useEffect(() => {
    const made = view.current
    if (!made || made.state.doc.toString() === props.value) return
    made.dispatch({ changes: { from: 0, to: made.state.doc.length, insert: props.value }, annotations: fromOutside.of(true) })
  }, [props.value])

  const { label, invalid, required, describedBy, missing } = props
  useEffect(() => {
    view.current?.dispatch({ effects: attributes.current.reconfigure(attributesOf({ label, invalid, required, describedBy, readOnly, missing })) })
  }, [label, invalid, required, describedBy, readOnly, missing])

  const insertVariable = () => {
    const made = view.current
    if (!made) return
    const { from, to } = made.state.selection.main
    const isInside = /\{\{[^}]*$/.test(made.state.sliceDoc(0, from))
    if (!isInside) made.dispatch({ changes: { from, to, insert: '{{}}' }, selection: { anchor: from + 2 }, userEvent: 'input' })
    made.focus()
    startCompletion(made)
  }
  const editor = <div ref={box} className={`code ${singleLine ? 'one' : `many ${props.height ?? 'medium'}`} ${invalid ? 'invalid' : ''} ${readOnly ? 'read-only' : ''}`} />
  // One tree whether there is a scope yet or not: the editor lives in its element.
  // By keyboard, typing {{ does the same: one stop less for each field.
  return <div className={`code-wrap ${singleLine ? 'one' : 'many'}`}>{editor}{props.scope && !readOnly && <button type="button" tabIndex={-1} className="insert-variable" title="Insert a variable, or type {{" aria-label={`Insert a variable into ${label}`} onMouseDown={(event) => event.preventDefault()} onClick={insertVariable}><Icon name="plus" size={13} /></button>}</div>
}

function attributesOf({ label, invalid, required, describedBy, readOnly, missing }: Pick<EditorProps, 'label' | 'invalid' | 'required' | 'describedBy' | 'readOnly' | 'missing'>): Extension {
  const attributes: Record<string, string> = { 'aria-label': label, 'tabindex': '0' }
  if (invalid) attributes['aria-invalid'] = 'true'
  if (required) attributes['aria-required'] = 'true'
  if (describedBy) attributes['aria-describedby'] = describedBy
  if (readOnly) attributes['aria-readonly'] = 'true'
  return [EditorView.contentAttributes.of(attributes), missing ? missingNames.of(missing) : []]
}
