/** Entries of the audit in plain words: what was done, and where to look at it. */

interface Said { words: string; to: string | null }

/** A pattern of the path, with what was done by method; `$1` is the first id in it. */
const SAID: readonly (readonly [RegExp, Partial<Record<string, string>>, string | null])[] = [
  [/^\/api\/v2\/flows\/vault\/connections(?:\/([^/]+))?$/, { POST: 'Added a vault connection', PATCH: 'Changed a vault connection', DELETE: 'Deleted a vault connection' }, '/vault?connection=$1'],
  [/^\/sluiceway\/v1\/vault\/connections\/([^/]+)\/empty$/, { POST: 'Emptied a vault connection' }, '/vault?connection=$1'],
  [/^\/sluiceway\/v1\/vault\/connections\/([^/]+)\/test$/, { POST: 'Tested a vault connection' }, '/vault?connection=$1'],
  [/^\/sluiceway\/v1\/vault\/rotate/, { POST: 'Rotated the vault’s key' }, '/vault'],
  [/^\/api\/v2\/flows(?:\/([^/]+))?$/, { POST: 'Made a flow', PATCH: 'Saved a flow', DELETE: 'Deleted a flow' }, '/flows/$1'],
  [/^\/sluiceway\/v1\/flows\/import$/, { POST: 'Imported flows' }, '/flows'],
  [/^\/sluiceway\/v1\/imports/, { POST: 'Imported flows', PUT: 'Kept what an import held beside its flows', DELETE: 'Forgot what an import held' }, '/flows'],
  [/^\/sluiceway\/v1\/flows\/([^/]+)\/executions$/, { POST: 'Started a flow' }, '/flows/$1/executions'],
  [/^\/sluiceway\/v1\/flows\/([^/]+)\/batches$/, { POST: 'Ran a batch' }, '/flows/$1/executions'],
  [/^\/sluiceway\/v1\/flows\/([^/]+)\/rollback$/, { POST: 'Went back to an earlier version' }, '/flows/$1'],
  [/^\/sluiceway\/v1\/flows\/([^/]+)\/comment$/, { PUT: 'Commented on a version' }, '/flows/$1'],
  [/^\/sluiceway\/v1\/flows\/([^/]+)\/samples\/[^/]+$/, { PUT: 'Saved a sample', DELETE: 'Deleted a sample' }, '/flows/$1'],
  [/^\/sluiceway\/v1\/executions$/, { POST: 'Ran a flow from the canvas' }, '/executions'],
  [/^\/sluiceway\/v1\/executions\/prune$/, { POST: 'Pruned old executions' }, '/executions'],
  [/^\/(?:sluiceway\/v1|api\/v2\/flows\/[^/]+)\/executions\/([^/]+)$/, { DELETE: 'Deleted an execution' }, null],
  [/^\/sluiceway\/v1\/executions\/([^/]+)\/retry$/, { POST: 'Retried an execution' }, '/executions/$1'],
  [/^\/sluiceway\/v1\/executions\/([^/]+)\/cancel$/, { POST: 'Cancelled an execution' }, '/executions/$1'],
  [/^\/sluiceway\/v1\/outbox\/retry$/, { POST: 'Queued all failed messages again' }, '/outbox'],
  [/^\/sluiceway\/v1\/outbox\/([^/]+)\/retry$/, { POST: 'Queued a message again' }, '/outbox/$1'],
  [/^\/sluiceway\/v1\/outbox\/([^/]+)\/discard$/, { POST: 'Gave a message up' }, '/outbox/$1'],
  [/^\/api\/v2\/users(?:\/([^/]+))?$/, { POST: 'Added a user', PATCH: 'Changed a user', DELETE: 'Deleted a user' }, '/users/$1'],
  [/^\/api\/v2\/clients(?:\/([^/]+))?$/, { POST: 'Made a client', PATCH: 'Changed a client', DELETE: 'Deleted a client' }, '/clients'],
  [/^\/api\/v2\/clients\/([^/]+)\/rotate-secret$/, { POST: 'Made a new secret for a client' }, '/clients'],
  [/^\/api\/v2\/client-grants/, { POST: 'Granted scopes', PATCH: 'Changed the scopes of a client', DELETE: 'Took scopes away' }, '/clients'],
  [/^\/api\/v2\/emails\/provider$/, { POST: 'Set the email provider up', PATCH: 'Changed the email provider', DELETE: 'Removed the email provider' }, '/providers'],
  [/^\/api\/v2\/branding\/phone\/providers/, { POST: 'Set the phone provider up', PATCH: 'Changed the phone provider', DELETE: 'Removed the phone provider' }, '/providers'],
  [/^\/sluiceway\/v1\/providers\/(\w+)\/try$/, { POST: 'Sent a test message' }, '/providers'],
  [/^\/sluiceway\/v1\/tenant\/reset$/, { POST: 'Reset the embedded tenant' }, '/users'],
  [/^\/sluiceway\/v1\/tenant\/(?:samples|users)$/, { POST: 'Added users' }, '/users'],
]

export function said(action: string, target: string): Said | null {
  const method = action.split(' ')[0] ?? ''
  for (const [pattern, words, to] of SAID) {
    const found = pattern.exec(target)
    const what = words[method]
    if (!found || !what) continue
    if (!to || method === 'DELETE') return { words: what, to: null }
    if (!to.includes('$1')) return { words: what, to }
    // What a POST made is not in its path: only the list can be shown.
    return { words: what, to: found[1] ? to.replace('$1', found[1]) : (/^\/\w+/.exec(to)?.[0] ?? null) }
  }
  return null
}
