/** Flows as files: an export for the Dashboard, or a whole folder in an archive. */
import { get, seg } from '../api/client.ts'
import type { Json } from '../api/types.ts'
import { showJson } from '../flow/jsonText.ts'
import { reportError, toast } from '../ui/toasts.tsx'
import { zip } from '../ui/zip.ts'

const slug = (name: string) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '')

function download(content: BlobPart, type: string, name: string) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([content], { type }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 1000)
}

export async function exportFlow(store: { flowId: string }) {
  try {
    const exported = await get<Json>(`/sluiceway/v1/flows/${seg(store.flowId)}/export`)
    const name = slug(Object.values((exported as { flows?: Record<string, { name: string }> }).flows ?? {})[0]?.name ?? '')
    download(showJson(exported), 'application/json', `${name || 'flow'}.json`)
  } catch (error) { reportError(error) }
}

/** The flows with *ids*, or all, with their connections' names: one file as it is, several as an archive. */
export async function exportFolder(ids: readonly string[], format: 'deploy-cli' | 'terraform') {
  try {
    const { files } = await get<{ files: Record<string, Json> }>('/sluiceway/v1/exports', { flow: ids, format })
    const texts = Object.fromEntries(Object.entries(files).map(([path, document]) => [path, `${showJson(document)}\n`]))
    const [[path, text] = ['', ''], ...others] = Object.entries(texts)
    if (!path) toast('There are no flows to download.', { kind: 'bad' })
    else if (!others.length && !path.includes('/')) download(text, 'application/json', path)
    else download(zip(texts), 'application/zip', 'flows.zip')
  } catch (error) { reportError(error) }
}
