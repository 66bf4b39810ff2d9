/** Talks to the server: same origin, the session's cookie, and its CSRF token on every change. */

export class ApiError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, message: string, code: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

let csrf = ''
let onSignedOut: () => void = () => {}

export const setCsrf = (token: string) => { csrf = token }
export const whenSignedOut = (listener: () => void) => { onSignedOut = listener }

type Query = Record<string, string | number | boolean | readonly string[] | undefined | null>

function withQuery(path: string, query?: Query) {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === '') continue
    for (const part of Array.isArray(value) ? value : [value]) params.append(name, String(part))
  }
  const text = params.toString()
  return text ? `${path}?${text}` : path
}

export async function request<T>(method: string, path: string, options: { body?: unknown; query?: Query; headers?: Record<string, string>; signal?: AbortSignal } = {}): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(withQuery(path, options.query), {
      method,
      credentials: 'same-origin',
      signal: options.signal,
      headers: {
        accept: 'application/json',
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'GET' ? {} : { 'x-csrf-token': csrf }),
        ...options.headers,
      },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError(0, 'The server does not answer. Check that it is running, then try again.', 'unreachable')
  }
  if (answer.status === 204) return undefined as T
  const text = await answer.text()
  let body: unknown = text
  try { body = JSON.parse(text) } catch { /* a plain text answer */ }
  if (!answer.ok) {
    const found = body as { message?: string; error_description?: string; errorCode?: string } | null
    if (answer.status === 401 && found?.errorCode !== 'access_denied') onSignedOut()
    throw new ApiError(answer.status, found?.message ?? found?.error_description ?? `The server answered ${answer.status}.`, found?.errorCode ?? '')
  }
  return body as T
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>('GET', path, { query, signal })
export const post = <T>(path: string, body?: unknown, options: { query?: Query; headers?: Record<string, string>; signal?: AbortSignal } = {}) => request<T>('POST', path, { body: body ?? {}, ...options })
export const patch = <T>(path: string, body: unknown) => request<T>('PATCH', path, { body })
export const put = <T>(path: string, body: unknown) => request<T>('PUT', path, { body })
export const remove = (path: string) => request<void>('DELETE', path)
export const seg = encodeURIComponent
