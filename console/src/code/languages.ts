/** How texts with `{{ }}` are coloured: small stream tokenizers, so that the editor stays light. */
import { HighlightStyle, StreamLanguage, syntaxHighlighting, type StreamParser, type StringStream } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { tags } from '@lezer/highlight'

export type Language = 'expression' | 'json' | 'liquid-text' | 'liquid-html'

interface State { inside: '' | '{{' | '{%' | 'tag' | 'comment'; key: boolean }

function insideTemplate(stream: StringStream, state: State, close: string): string | null {
  if (stream.match(close)) { state.inside = ''; return 'brace' }
  if (stream.eatSpace()) return null
  if (stream.match(/^"(\\.|[^"\\])*"?|^'(\\.|[^'\\])*'?/)) return 'string'
  if (stream.match(/^\d+(\.\d+)?/)) return 'number'
  if (stream.match(/^(true|false|null|undefined|nil|blank|empty|and|or|contains|in|if|elsif|else|endif|unless|endunless|for|endfor|case|when|endcase|assign|capture|endcapture|comment|endcomment|raw|endraw)\b/)) return 'keyword'
  if (stream.match(/^[A-Za-z_$][\w$-]*/)) return 'variableName'
  stream.next()
  return 'operator'
}

function openTemplate(stream: StringStream, state: State, liquid: boolean): string | null {
  if (stream.match(/^\{\{-?/)) { state.inside = '{{'; return 'brace' }
  if (liquid && stream.match(/^\{%-?/)) { state.inside = '{%'; return 'brace' }
  return null
}

const start = (): State => ({ inside: '', key: false })
const copy = (state: State): State => ({ ...state })

const expression: StreamParser<State> = {
  startState: start,
  copyState: copy,
  token(stream, state) {
    if (state.inside === '{{') return insideTemplate(stream, state, '}}')
    const opened = openTemplate(stream, state, false)
    if (opened) return opened
    stream.next()
    stream.match(/^[^{]+/)
    return null
  },
}

const json: StreamParser<State> = {
  startState: start,
  copyState: copy,
  languageData: { closeBrackets: { brackets: ['{', '[', '"'] } },
  token(stream, state) {
    if (state.inside === '{{') return insideTemplate(stream, state, '}}')
    const opened = openTemplate(stream, state, false)
    if (opened) return opened
    if (stream.eatSpace()) return null
    if (stream.peek() === '"') {
      stream.match(/^"(\\.|[^"\\])*"?/)
      return stream.match(/^\s*:/, false) ? 'propertyName' : 'string'
    }
    if (stream.match(/^-?\d+(\.\d+)?([eE][+-]?\d+)?/)) return 'number'
    if (stream.match(/^(true|false|null)\b/)) return 'keyword'
    stream.next()
    return 'punctuation'
  },
}

const liquid = (html: boolean): StreamParser<State> => ({
  startState: start,
  copyState: copy,
  languageData: { commentTokens: { block: { open: '<!--', close: '-->' } } },
  token(stream, state) {
    if (state.inside === '{{') return stream.match('-}}') ? ((state.inside = ''), 'brace') : insideTemplate(stream, state, '}}')
    if (state.inside === '{%') return stream.match('-%}') ? ((state.inside = ''), 'brace') : insideTemplate(stream, state, '%}')
    if (state.inside === 'comment') {
      if (stream.skipTo('-->')) { stream.match('-->'); state.inside = '' } else stream.skipToEnd()
      return 'comment'
    }
    if (state.inside === 'tag') {
      const opened = stream.match(/^\{[{%]/, false) ? null : undefined
      if (opened === null) { stream.match(/^\{[{%][^}]*\}\}?/); return 'variableName' }
      if (stream.match(/^\/?>/)) { state.inside = ''; return 'tagName' }
      if (stream.eatSpace()) return null
      if (stream.match(/^"[^"]*"?|^'[^']*'?/)) return 'string'
      if (stream.match(/^[\w:-]+/)) return 'attributeName'
      stream.next()
      return null
    }
    const opened = openTemplate(stream, state, true)
    if (opened) return opened
    if (html) {
      if (stream.match('<!--')) { state.inside = 'comment'; return 'comment' }
      if (stream.match(/^<!?\/?[A-Za-z][\w-]*/)) { state.inside = 'tag'; return 'tagName' }
    }
    stream.next()
    stream.match(html ? /^[^{<]+/ : /^[^{]+/)
    return null
  },
})

const LANGUAGES: Record<Language, StreamLanguage<State>> = {
  'expression': StreamLanguage.define(expression),
  'json': StreamLanguage.define(json),
  'liquid-text': StreamLanguage.define(liquid(false)),
  'liquid-html': StreamLanguage.define(liquid(true)),
}

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--code-key)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: tags.number, color: 'var(--code-number)' },
  { tag: tags.keyword, color: 'var(--code-atom)' },
  { tag: tags.variableName, color: 'var(--pill)' },
  { tag: tags.brace, color: 'var(--pill)', fontWeight: '600' },
  { tag: tags.operator, color: 'var(--text-2)' },
  { tag: tags.tagName, color: 'var(--code-tag)' },
  { tag: tags.attributeName, color: 'var(--code-number)' },
  { tag: tags.comment, color: 'var(--code-comment)' },
])

export const languageOf = (language: Language): Extension => [LANGUAGES[language], syntaxHighlighting(colours)]
