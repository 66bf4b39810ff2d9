/** A step's request as a curl command; what is secret becomes a placeholder. */
import type { Json, Step } from '../api/types.ts'

const MASK = '███'
const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
const secretName = (name: string) => `$${name.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase()}`

/** Whether the step is a request that can be made by hand. */
export const hasCurl = (step: Step) => curlOf(step, '') !== null

export function curlOf(step: Step, origin: string): string | null {
  const input = step.input
  if (!input || typeof input !== 'object' || Array.isArray(input)) return null
  const text = (name: string) => (typeof input[name] === 'string' ? (input[name] as string) : '')
  const connection = text('connection_id')
  const tenant = connection === 'local' || !connection ? origin : `https://$${connection.replace(/[^A-Za-z0-9]+/g, '_').toUpperCase()}_DOMAIN`
  let method = (text('method') || 'GET').toUpperCase()
  let url: string
  let body: Json | undefined = input['payload'] ?? input['body']
  switch (`${step.type}/${step.action}`) {
    case 'AUTH0/SEND_REQUEST': url = tenant + text('pathname'); break
    case 'AUTH0/GET_USER': url = `${tenant}/api/v2/users/${encodeURIComponent(text('user_id'))}`; break
    case 'AUTH0/CREATE_USER': method = 'POST'; url = `${tenant}/api/v2/users`; break
    case 'AUTH0/UPDATE_USER': method = 'PATCH'; url = `${tenant}/api/v2/users/${encodeURIComponent(text('user_id'))}`; body = input['changes']; break
    case 'HTTP/SEND_REQUEST': url = text('url'); break
    default: return null
  }
  if (!url) return null
  const query = input['params']
  if (query && typeof query === 'object' && !Array.isArray(query)) {
    const parts = Object.entries(query).filter(([, value]) => value !== null).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`)
    if (parts.length) url += (url.includes('?') ? '&' : '?') + parts.join('&')
  }
  const lines = [`curl -X ${method} ${shell(url, 'VALUE')}`]
  if (step.type === 'AUTH0') lines.push(`-H "Authorization: Bearer $TOKEN"`)
  const headers = input['headers']
  if (headers && typeof headers === 'object' && !Array.isArray(headers)) for (const [name, value] of Object.entries(headers)) lines.push(`-H ${shell(`${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`, name)}`)
  if (body !== undefined && body !== null && method !== 'GET') {
    if (typeof body !== 'string') lines.push(`-H 'Content-Type: application/json'`)
    lines.push(`-d ${shell(typeof body === 'string' ? body : JSON.stringify(body), 'SECRET')}`)
  }
  return lines.join(' \\\n  ')
}

function shell(text: string, name: string): string {
  if (!text.includes(MASK) && !text.includes('$')) return quote(text)
  return text.split(/(███|\$[A-Z0-9_]+_DOMAIN)/).map((part) => (part === MASK ? `"${secretName(name)}"` : part.startsWith('$') && part.endsWith('_DOMAIN') ? `"${part}"` : part ? quote(part) : '')).join('')
}

/** Read a pasted curl command as the params of an HTTP request. */
export function readCurl(command: string): { method: string; url: string; headers: Record<string, string>; payload?: Json } | null {
  const words = [...command.replaceAll(/\\\r?\n/g, ' ').matchAll(/'((?:[^']|'\\'')*)'|"((?:[^"\\]|\\.)*)"|(\S+)/g)].map((hit) => hit[1]?.replaceAll(`'\\''`, "'") ?? hit[2]?.replaceAll(/\\(.)/g, '$1') ?? hit[3] ?? '')
  if (words.shift() !== 'curl') return null
  let method = ''
  let url = ''
  let data: string | undefined
  const headers: Record<string, string> = {}
  while (words.length) {
    const word = words.shift() ?? ''
    if (word === '-X' || word === '--request') method = words.shift() ?? ''
    else if (word === '-H' || word === '--header') {
      const [name = '', ...rest] = (words.shift() ?? '').split(':')
      headers[name.trim()] = rest.join(':').trim()
    } else if (/^(-d|--data(-raw|-binary|-ascii)?|--json)$/.test(word)) data = (data === undefined ? '' : `${data}&`) + (words.shift() ?? '')
    else if (word === '-u' || word === '--user') headers['Authorization'] = `Basic ${btoa(words.shift() ?? '')}`
    else if (word === '--url') url = words.shift() ?? ''
    else if (/^(-o|--output|-A|--user-agent|-e|--max-time|-m|--connect-timeout)$/.test(word)) words.shift()
    else if (!word.startsWith('-') && !url) url = word
  }
  if (!url) return null
  let payload: Json | undefined = data
  try { if (data !== undefined) payload = JSON.parse(data) as Json } catch { /* a form, or text */ }
  return { method: (method || (data === undefined ? 'GET' : 'POST')).toUpperCase(), url, headers, ...(payload === undefined ? {} : { payload }) }
}
